"""Decides which clauses of the AttentionBlock contract a student's class breaks, whatever its layout and names.

Parameters are told apart by size and by effect: those whose size is a multiple of hidden_dim are the MLP; attention weights
that matter for a single token are values and output, those that matter only among several tokens are queries and keys.
With known numbers written into whole groups, layout does not matter and the right answer is known in closed form.
"""

import math

import torch
import torch.nn.functional as F


def broken_clauses(cls):
    """Broken clauses of `AttentionBlock(embed_dim, hidden_dim, num_heads, dropout=0.0)`; the empty list means right."""
    default = torch.get_default_dtype()
    broken = []
    random_state = torch.get_rng_state()
    try:
        for dtype in (torch.float64, torch.float32):  # float32 only for code that fixes its dtype
            torch.set_default_dtype(dtype)
            broken = _Block(cls, dtype).broken_clauses()
            if not any(clause.startswith("runs") for clause in broken):
                break
    finally:
        torch.set_default_dtype(default)
        torch.set_rng_state(random_state)
    return broken


STRICT = False  # for work on the oracle: True shows the errors of a probe


class _Block:
    """The probes of one AttentionBlock class, in one dtype."""

    def __init__(self, cls, dtype):
        self.cls = cls
        self.tolerance = 1e-7 if dtype == torch.float64 else 1e-3
        self.broken = []

    def broken_clauses(self):
        try:
            self.contract_of_a_module()
        except Exception as error:
            self.broken.append(f"runs: {type(error).__name__}: {error}"[:120])
        if self.broken:
            return list(dict.fromkeys(self.broken))
        for embed_dim, hidden_dim, num_heads in ((12, 29, 3), (16, 7, 2)):
            self.embed_dim, self.hidden_dim, self.num_heads = embed_dim, hidden_dim, num_heads
            try:
                self.block = self.build(embed_dim, hidden_dim, num_heads)
            except Exception as error:
                return [f"runs for any sizes: {type(error).__name__}: {error}"[:120]]
            self.norms, self.known = self.norm_weights(self.block, embed_dim), None
            for probe in (self.both_branches, self.attention_branch, self.mlp_branch, self.dropout):
                torch.manual_seed(1)
                try:
                    probe()
                except Exception:  # a design too unusual for this probe: no verdict
                    if STRICT:
                        raise
            if self.broken:
                break
        return list(dict.fromkeys(self.broken))

    def build(self, *args, seed=0, **kwargs):
        torch.manual_seed(seed)
        block = self.cls(*args, **kwargs).eval()
        with torch.no_grad():
            block(torch.zeros(1, 1, args[0]))  # lazy layers find their size now
        return block.requires_grad_(True)

    def demand(self, ok, clause):
        if not ok:
            self.broken.append(clause)

    def close(self, a, b, tolerance=None):
        scale = 1 + b.abs().max().item()
        return a.shape == b.shape and bool((a - b).abs().max() <= (tolerance or self.tolerance) * scale)

    # -- what holds for any parameters

    def contract_of_a_module(self):
        block = self.build(12, 29, 3, dropout=0.3)
        self.cls(embed_dim=12, hidden_dim=29, num_heads=3)
        plain, other = self.build(12, 29, 3), self.build(12, 29, 3, seed=5)
        for shape in ((2, 5, 12), (5, 2, 12), (1, 1, 12), (1, 7, 12), (3, 3, 12), (4, 12, 12)):
            out = plain(torch.randn(shape))
            self.demand(isinstance(out, torch.Tensor) and tuple(out.shape) == shape, "shape [B, T, D]")
        if self.broken:
            return
        other.load_state_dict(plain.state_dict())
        x = torch.randn(2, 5, 12)
        with torch.no_grad():
            self.demand(self.close(other(x), plain(x)), "every weight is registered")
            for module in (plain, block):
                self.scatter(module, self.norm_weights(module, 12), 12, 29)
                self.demand(self.close(module(x), module(x)), "eval mode is deterministic")
                self.demand(bool(torch.isfinite(module(x)).all()), "finite")
            self.demand(self.close(plain.train()(x), plain.eval()(x)), "without dropout train mode is eval mode")
            for training in (True, False):
                plain.train(training)
                out, order = plain(x), torch.tensor([3, 0, 4, 1, 2])
                self.demand(self.close(plain(x[:, order]), out[:, order]), "no order among the tokens, no mask")
                self.demand(self.close(torch.cat([plain(x[:1]), plain(x[1:])]), out), "images do not see each other")
        counts = [sum(p.numel() for p in self.build(12, hidden, 3).parameters()) for hidden in (29, 39)]
        self.demand(counts[1] - counts[0] in (10 * 25, 10 * 24), "hidden_dim is the width of the MLP")
        block.train()(x).sum().backward()
        if self.tolerance < 1e-4:
            direction, weight, step = torch.randn_like(x), torch.randn_like(x), 1e-5
            x = x.requires_grad_()
            (gradient,) = torch.autograd.grad((plain(x * 1.0) * weight).sum(), x)
            with torch.no_grad():
                slope = ((plain(x + step * direction) - plain(x - step * direction)) * weight).sum() / (2 * step)
            self.demand(self.close((gradient * direction).sum(), slope, 1e-4), "the gradient is that of the output")

    # -- groups of parameters

    @staticmethod
    def norm_weights(module, embed_dim):
        """A fresh norm's weight is all ones."""
        return [name for name, p in module.named_parameters() if p.numel() == embed_dim and bool((p == 1).all())]

    def scatter(self, module, norms, embed_dim, hidden_dim, biases=True):
        """Random parameters: a zero-initialised branch comes to life."""
        with torch.no_grad():
            for name, p in module.named_parameters():
                if name in norms:
                    p.uniform_(0.5, 1.5)
                elif p.numel() > 3 * embed_dim or (p.numel() % hidden_dim == 0 and p.numel() > hidden_dim):
                    p.normal_(std=0.4)
                elif p.numel() > 1:
                    p.normal_(std=0.3 if biases or p.numel() == hidden_dim else 0.0)

    def groups(self):
        """Fills the block with random numbers and zero biases; returns names of norms, MLP and attention matrices."""
        norms = self.norms
        self.scatter(self.block, norms, self.embed_dim, self.hidden_dim, biases=False)
        rest = [(name, p) for name, p in self.block.named_parameters() if name not in norms]
        mlp = [name for name, p in rest if p.numel() % self.hidden_dim == 0]
        attention = [name for name, p in rest if name not in mlp and p.numel() > 3 * self.embed_dim]
        return norms, mlp, attention

    def run(self, x, edits, module=None):
        """The block's output with some parameters (name -> tensor or number) replaced."""
        module = module or self.block
        kept = {name: p.detach().clone() for name, p in module.named_parameters()}
        with torch.no_grad():
            try:
                for name, value in edits.items():
                    p = module.get_parameter(name)
                    p.copy_(torch.as_tensor(value).expand_as(p))
                return module(x)
            finally:
                for name, value in kept.items():
                    module.get_parameter(name).copy_(value)

    def influence(self, names, silent, x):
        """Which entries of the named parameters the output for x depends on, with the `silent` entries (masks) at zero."""
        masks = {name: torch.as_tensor(mask) for name, mask in silent.items()}
        kept = {name: self.block.get_parameter(name).detach().clone() for name in masks}
        with torch.no_grad():
            for name, mask in masks.items():
                self.block.get_parameter(name).masked_fill_(mask, 0.0)
        out = self.block(x)
        parameters = [self.block.get_parameter(name) for name in names]
        gradients = torch.autograd.grad((out * torch.randn_like(out)).sum(), parameters, allow_unused=True)
        with torch.no_grad():
            for name, value in kept.items():
                self.block.get_parameter(name).copy_(value)
        gradients = [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, gradients)]
        top = max((g.abs().max().item() for g in gradients), default=0.0)
        return {name: g.abs() > top * max(self.tolerance * 0.01, 1e-9) for name, g in zip(names, gradients)}

    def weighted(self, names, used, silent, tokens, inner, outer):
        """Edits for the `used` entries: `inner[j]` where input number j of LN(x) goes in, `outer` for all that read no input.

        An entry reads input j if it loses its influence when LN(x) is zero there; None if the entries do not share out evenly.
        """
        edits = {name: torch.where(used[name], outer, self.block.get_parameter(name).detach()) for name in names}
        sizes = []
        for j in range(self.embed_dim):
            x = self.tokens(32, tokens)
            x[..., j] = (x.sum(-1) - x[..., j]) / (self.embed_dim - 1)  # the mean: LN(x) is zero here
            alive = self.influence(names, silent, x)
            reads = {name: used[name] & ~alive[name] for name in names}
            sizes.append(sum(int(mask.sum()) for mask in reads.values()))
            edits = {name: torch.where(reads[name], inner[j], edits[name]) for name in names}
        return edits if len(set(sizes)) == 1 and sizes[0] else None

    def roles(self):
        """(norms, mlp, values-and-output masks, query-and-key masks) of a freshly scattered block."""
        norms, mlp, attention = self.groups()
        silent = dict.fromkeys(mlp, True)
        alone, several = (self.influence(attention, silent, self.tokens(16, t)) for t in (1, 4))
        queries_keys = {name: several[name] & ~alone[name] for name in attention}
        return norms, mlp, alone, queries_keys

    def normalised(self, x, norms):
        """Candidates for LN(x): each norm's weight or none, both usual eps; a hand-written sample variance is let pass."""
        weights = [torch.ones(self.embed_dim)] + [self.block.get_parameter(n).detach().flatten() for n in norms]
        for weight in weights:
            for eps in (1e-5, 1e-6):
                n = F.layer_norm(x, (self.embed_dim,), weight, eps=eps)
                yield n
                yield n * math.sqrt((self.embed_dim - 1) / self.embed_dim)

    # -- the two branches

    def tokens(self, *shape, scale=1.0):
        return scale * torch.randn(*shape, self.embed_dim) * (0.7 + torch.rand(*shape, 1)) + torch.randn(*shape, 1)

    def both_branches(self):
        norms, mlp, values_output, _ = self.roles()
        x = self.tokens(3, 5)
        no_mlp, no_attention = dict.fromkeys(mlp, 0.0), dict.fromkeys(values_output, 0.0)
        after_attention = self.run(x, no_mlp)
        self.demand(self.close(self.run(after_attention, no_attention), self.run(x, {})), "first attention, then the MLP on its result")
        self.demand(self.close(self.run(x, no_mlp | no_attention), x), "both residuals carry x unchanged")
        for name in norms:
            weight = self.block.get_parameter(name).detach()
            moved = {name: weight * torch.linspace(0.5, 2, self.embed_dim).reshape(weight.shape)}
            in_attention = not self.close(self.run(x, no_mlp | moved), after_attention)
            in_mlp = not self.close(self.run(x, no_attention | moved), self.run(x, no_attention))
            self.demand(not (in_attention and in_mlp), "two separate LayerNorms")

        # Far from zero eps does not count: what is added may not change when a token is scaled or shifted.
        x = self.tokens(3, 5, scale=300.0)
        x2 = x * (0.5 + 2 * torch.rand(3, 5, 1)) + 100 * torch.randn(3, 5, 1)
        for branch, off in (("attention", no_mlp), ("the MLP", no_attention)):
            added, added2 = self.run(x, off) - x, self.run(x2, off) - x2
            tolerance = max(1e-6, self.tolerance)
            self.demand(self.close(added, added2, tolerance), f"{branch} sees normalised tokens only")

    def attention_branch(self):
        norms, mlp, values_output, queries_keys = self.roles()
        off = dict.fromkeys(mlp, 0.0)
        square = 2 * self.embed_dim**2
        used = [sum(int(mask.sum()) for mask in masks.values()) for masks in (values_output, queries_keys)]
        self.demand(used[1] == square, f"queries and keys have {used[1]} weights, not {square}")
        self.demand(used[0] == square, f"values and output projection have {used[0]} weights, not {square}")

        # One token attends to itself: what is added is linear in LN(x).
        columns = torch.cat([torch.ones(self.embed_dim, 1), torch.randn(self.embed_dim, 2)], 1)
        u = torch.linalg.qr(columns)[0][:, 1:].T * math.sqrt(self.embed_dim)  # two unit tokens, at right angles
        turned = torch.stack([u[0], u[1], -u[0], 0.6 * u[0] + 0.8 * u[1]])[:, None] * 100
        added = self.run(turned, off) - turned
        combined = torch.stack([-added[0], 0.6 * added[0] + 0.8 * added[1]])
        self.demand(self.close(added[2:], combined, max(1e-6, self.tolerance)), "values are a linear function of the tokens")

        # Known weights: every head scores sqrt(d) s_i s_j, and the values are D s_j, s a weighted sum of LN(x).
        a = 0.25 * torch.randn(self.embed_dim)
        silent = dict.fromkeys(mlp, True)
        score_weights = self.weighted(list(queries_keys), queries_keys, silent, 4, a, 1.0)
        value_weights = self.weighted(list(values_output), values_output, silent, 1, a, 1.0)
        if score_weights is None or value_weights is None:
            return
        edits = off | {name: torch.where(queries_keys[name], score_weights[name], value_weights[name]) for name in score_weights}
        x = self.tokens(4, 6)
        added = self.run(x, edits) - x
        answers = []
        for n in self.normalised(x, norms):
            s = (a * n).sum(-1, keepdim=True)
            scores = math.sqrt(self.embed_dim // self.num_heads) * s * s.mT
            answers.append((scores.softmax(-1) @ s * self.embed_dim).expand_as(x))
        self.demand_one_of(added, answers, "softmax(q k / sqrt(D / heads)) over the tokens, per head")

    def demand_one_of(self, added, answers, clause):
        if not any(self.close(added, answer, 2e-3) for answer in answers):
            turned = any(self.close(-added, answer, 2e-3) for answer in answers)
            self.broken.append("branches are added, not subtracted" if turned else clause)

    def known_mlp(self):
        """Edits that silence attention and write known weights into the MLP: (edits, first Linear, hidden bias), or None."""
        _, mlp, values_output, _ = self.roles()
        hidden_bias = [name for name in mlp if self.block.get_parameter(name).numel() == self.hidden_dim]
        b, c = 0.5 * torch.randn(self.embed_dim), 0.2
        matrices = [name for name in mlp if name not in hidden_bias]
        everywhere = {name: torch.ones_like(self.block.get_parameter(name), dtype=torch.bool) for name in matrices}
        weights = self.weighted(matrices, everywhere, values_output, 1, b, 0.6)
        if weights is None:
            return None
        edits = dict.fromkeys(values_output, 0.0) | weights | dict.fromkeys(hidden_bias, c)
        return edits, b, c if hidden_bias else 0.0

    def mlp_branch(self):
        self.known = self.known_mlp()
        if self.known is None:
            return
        edits, b, c = self.known
        x = self.tokens(6, 8)
        answers = [
            (0.6 * self.hidden_dim * F.gelu((b * n).sum(-1, keepdim=True) + c, approximate=kind)).expand_as(x)
            for n in self.normalised(x, self.norms)
            for kind in ("none", "tanh")
        ]
        self.demand_one_of(self.run(x, edits) - x, answers, "Linear, GELU, Linear on LN2 of the tokens")

    def dropout(self):
        """With an even second Linear a train-mode output is 0 or (number of hidden units kept) x (one unit's share) / (1 - p)^2."""
        if self.known is None:
            return
        edits, p = self.known[0], 0.3
        dropped = self.build(self.embed_dim, self.hidden_dim, self.num_heads, dropout=p)
        dropped.load_state_dict(self.block.state_dict())
        x = self.tokens(16, 16)
        whole = (self.run(x, edits) - x).mean(-1)
        self.demand(self.close(self.run(x, edits, dropped), self.run(x, edits)), "no dropout in eval mode")
        added = self.run(x, edits, dropped.train()) - x
        rows = whole.abs() > 0.1 * whole.abs().max()
        kept = added[rows] * (1 - p) ** 2 * self.hidden_dim / whole[rows][:, None]
        gone = kept.abs() < 0.01
        chance = 5 * math.sqrt(p * (1 - p) / gone.numel()) + p**self.hidden_dim
        self.demand(abs(gone.double().mean() - p) < chance, "dropout of rate p after the MLP's second Linear")
        self.demand(not gone.all(1).any() or self.hidden_dim < 10, "dropout after the second Linear drops single numbers")
        counts = torch.where(gone, -math.inf, kept).amax(1)
        counts = counts[counts > -math.inf]
        same_in_row = bool(((kept - kept.amax(1, keepdim=True)).abs() < 0.01)[~gone].all())
        whole_numbers = same_in_row and self.close(counts.round(), counts, max(1e-5, self.tolerance))
        spread = 5 * math.sqrt(self.hidden_dim * p * (1 - p) / len(counts))
        mean_right = bool(abs(counts.mean() - self.hidden_dim * (1 - p)) < spread)
        self.demand(whole_numbers and mean_right and bool(counts.std() > 0.1), "dropout of rate p between GELU and the second Linear")
