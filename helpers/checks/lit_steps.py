"""A few steps of a student's own optimiser, from secret parameters along secret gradients."""

from __future__ import annotations

import torch

from .lit_trainer import MODEL, Batches, tried, trainer_for
from .run import generator

STEPS = 4


def secrets_of(given: dict, run: int, step: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Parameters and gradients [count] of one optimiser step: large parameters, so that weight decay shows, and small ones
    in every other step, so that tiny steps do."""
    g = generator(given["draw"], "step", run, step)
    size = 1e-3 if step % 2 else 10.0
    signs = torch.randint(0, 2, (count,), generator=g) * 2.0 - 1
    return signs * size * (1 + torch.rand(count, generator=g)), torch.randn(count, generator=g)


def watch_steps(cls, given, batches, seen, k: int) -> None:
    """A few steps of the student's own model and optimiser, from secret parameters along secret gradients."""
    module = cls(model_kwargs=dict(MODEL), lr=given[f"rate{k}"])
    trainer, callback = trainer_for(module)
    steps: list[dict[str, torch.Tensor]] = []
    params = [p for p in module.parameters() if p.requires_grad]
    count = sum(p.numel() for p in params)
    kept: list[torch.Tensor] = []

    def split(flat):
        return [part.reshape(p.shape).to(p) for part, p in zip(flat.split([p.numel() for p in params]), params)]

    class Watch(callback):
        def share(self, step):
            """The part of the secret gradients that clipping left, one number; 1 where it is not the same for all."""
            wanted, there = secrets_of(given, k, step, count)[1], [p.grad for p in params]
            if any(grad is None for grad in there):
                return torch.ones((), dtype=torch.float64)
            got = torch.cat([grad.flatten().float() for grad in there])
            part = (got @ wanted / (wanted @ wanted)).double().clamp(0, 1)
            return part if torch.allclose(got, part.float() * wanted, rtol=1e-3, atol=1e-6) else torch.ones((), dtype=torch.float64)

        @torch.no_grad()
        def on_before_optimizer_step(self, trainer, pl_module, optimizer):
            if len(steps) == STEPS or not optimizer.param_groups:  # none: no optimiser was returned
                return
            where = {id(p): group for group in optimizer.param_groups for p in group["params"]}

            def spread(key):
                values = [float(where[id(p)].get(key, 0.0) or 0.0) if id(p) in where else float("nan") for p in params]
                return torch.cat([torch.full((p.numel(),), v, dtype=torch.float64) for p, v in zip(params, values)])

            if not steps:
                kind = type(optimizer)
                decoupled = issubclass(kind, torch.optim.AdamW) or any(
                    bool(group.get("decoupled_weight_decay")) for group in optimizer.param_groups)
                seen[f"optimiser{k}.name"] = kind.__name__
                seen[f"optimiser{k}.decoupled"] = decoupled
                seen[f"optimiser{k}.missing"] = sum(p.numel() for p in params if id(p) not in where)
                seen[f"optimiser{k}.rates"] = torch.tensor([
                    [float(g["lr"]), float(g.get("initial_lr", g["lr"])), float(g.get("max_lr", 0.0))]
                    for g in optimizer.param_groups], dtype=torch.float64)
                seen[f"optimiser{k}.eps"] = float(optimizer.param_groups[0].get("eps", 1e-8))
                seen[f"optimiser{k}.amsgrad"] = bool(optimizer.param_groups[0].get("amsgrad", False))
                seen[f"optimiser{k}.sizes"] = torch.tensor([p.numel() for p in params])
            betas = optimizer.param_groups[0].get("betas", (0.9, 0.999))
            if not steps:
                seen[f"optimiser{k}.still"] = not any(p.grad is not None and p.grad.any() for p in params)
            before, grads = secrets_of(given, k, len(steps), count)
            kept[:] = [p.detach().clone() for p in params]
            for p, value, grad in zip(params, split(before), split(grads)):
                p.copy_(value)
                p.grad = grad.clone()
            steps.append({"betas": torch.tensor([float(b) for b in betas][:2], dtype=torch.float64),
                          "lr": spread("lr"), "decay": spread("weight_decay")})

        @torch.no_grad()
        def on_validation_start(self, trainer, pl_module):
            self.found = [p.detach().clone() for p in params]

        @torch.no_grad()
        def on_validation_end(self, trainer, pl_module):
            seen["validation.trains"] = not all(torch.equal(a, b) for a, b in zip(self.found, params))

        @torch.no_grad()
        def on_train_batch_end(self, trainer, pl_module, *args):
            if steps and "after" not in steps[-1]:
                steps[-1]["after"] = torch.cat([p.detach().flatten().float() for p in params])
                steps[-1]["share"] = self.share(len(steps) - 1)
                for p, value in zip(params, kept):
                    p.copy_(value)

    trainer.callbacks.append(Watch())
    error = tried(lambda: trainer.fit(module, Batches(batches * (STEPS // 2)), Batches(batches)))
    seen[f"optimiser{k}.error"] = error
    steps = [step for step in steps if "after" in step]
    seen[f"optimiser{k}.steps"] = len(steps)
    for name in ("betas", "after", "share", "lr", "decay"):
        if steps:
            seen[f"steps{k}.{name}"] = torch.stack([step[name] for step in steps])
