"""The training recipe: budget, augmentation, parameter groups, learning-rate schedule, initial weights."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.profiles import profile
from helpers.runs import callbacks, history, loggers

__all__ = ["Augment", "Budget", "budget", "callbacks", "history", "init_weights", "loggers", "parameter_groups", "warmup_cosine"]

WEIGHT_DECAY = 0.1
BETAS = (0.9, 0.98)
WARMUP = 0.1  # share of all steps
EPOCHS = {"smoke": (2, 2), "cpu": (5, 30), "gpu": (10, 60)}  # on MNIST, on its 5,000 digits


@dataclass(frozen=True)
class Augment:
    """Rotate, shift and scale every image of a batch by its own random amount; bilinear, black outside, no flips.

    degrees: largest rotation either way.  shift: largest shift in pixels.  scale: largest relative change of size.
    epochs: how many epochs to augment, from the first on (None: all); after them training sees the digits as they are.
    `Augment(...)(x, generator=None)` maps x float [B, C, H, W] to the same shape on the same device;
    generator: a CPU torch.Generator.
    Source: Jaderberg et al. 2015, "Spatial Transformer Networks", section 3 (affine grid and bilinear sampling).
    """

    degrees: float = 10.0
    shift: float = 2.0
    scale: float = 0.1
    epochs: int | None = None

    def __call__(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        height, width = x.shape[-2:]
        random = torch.rand(4, len(x), generator=generator) * 2 - 1  # [4, B] in -1..1; CPU numbers: every device sees the same
        angle = random[0] * math.radians(self.degrees)
        zoom = 1 / (1 + random[1] * self.scale)  # the grid maps output to input, so a large digit needs a small step
        cos, sin = zoom * angle.cos(), zoom * angle.sin()
        right, down = random[2] * self.shift * 2 / width, random[3] * self.shift * 2 / height
        theta = torch.stack([cos, -sin, right, sin, cos, down], dim=1).view(-1, 2, 3)  # [B, 2, 3]
        grid = F.affine_grid(theta.to(x), list(x.shape), align_corners=False)  # [B, H, W, 2]
        return F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


@dataclass(frozen=True)
class Budget:
    """What one training run costs and its recipe; limit is the number of training digits used (None: all)."""

    epochs: int
    batch_size: int
    lr: float
    weight_decay: float = WEIGHT_DECAY
    limit: int | None = None
    augment: Augment | None = None


def budget(name: str | None = None, source: str = "MNIST", patch_size: int = 4, epochs: int | None = None) -> Budget:
    """The default training budget of a compute profile (default: the current one) for a data source and patch size.

    "smoke" takes seconds and only shows that everything runs; "cpu" and "gpu" earn full marks.
    epochs replaces the profile's number of epochs; the last epoch is always without augmentation.
    The numbers come from tests/benchmarks/results.json.
    """
    name = name or profile()
    if name not in EPOCHS:
        raise ValueError(f"There is no profile {name!r}: choose smoke, cpu or gpu.")
    epochs = epochs or EPOCHS[name][0 if source == "MNIST" else 1]
    return Budget(
        epochs=epochs,
        batch_size=96,
        lr=8e-3 if patch_size >= 7 else 5e-3,
        limit=1000 if name == "smoke" else None,
        augment=Augment(epochs=max(epochs - 1, 1)),
    )


def parameter_groups(module: nn.Module, weight_decay: float = WEIGHT_DECAY, betas: tuple[float, float] = BETAS) -> list[dict]:
    """Parameter groups for AdamW: decay on matrices only, not on biases, norms, class token and positions.

    betas: the shares of the past in AdamW's two running averages; 0.98 follows the gradients faster than the usual 0.999,
    which suits short runs.
    Source: Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization"; betas of Vaswani et al. 2017, section 5.3.
    """
    matrices, others, seen = [], [], set()
    for part in module.modules():
        for parameter in part.parameters(recurse=False):
            if id(parameter) in seen or not parameter.requires_grad:
                continue
            seen.add(id(parameter))
            (matrices if _is_matrix(part, parameter) else others).append(parameter)
    return [
        {"params": matrices, "weight_decay": weight_decay, "betas": betas},
        {"params": others, "weight_decay": 0.0, "betas": betas},
    ]


def _is_matrix(part: nn.Module, parameter: Tensor) -> bool:
    """A strided convolution [D, C, p, p] is a matrix too; class token and positions are [1, T, D] or an Embedding."""
    return parameter.ndim in (2, 4) and not isinstance(part, nn.Embedding)


def warmup_cosine(optimizer: torch.optim.Optimizer, warmup_steps: int | None, total_steps: int) -> torch.optim.lr_scheduler.LambdaLR:
    """Schedule that raises the learning rate linearly over the warm-up, then lowers it to 0 along a cosine.

    Step it once per optimizer step.  warmup_steps=None: a tenth of total_steps.
    Source: Loshchilov and Hutter 2017, "SGDR", eq. 5; warm-up as in Vaswani et al. 2017, section 5.3.
    """
    total = max(int(total_steps), 1)
    warmup = min(round(WARMUP * total) if warmup_steps is None else int(warmup_steps), total)

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        return 0.5 * (1 + math.cos(math.pi * min((step - warmup) / max(total - warmup, 1), 1.0)))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


@torch.no_grad()
def init_weights(model: nn.Module, std: float = 0.02) -> nn.Module:
    """Draw all weights from normal distributions cut at two standard deviations, set biases to 0; in place.

    std: of class token and positions.  A matrix gets 1/sqrt(inputs), so that a token keeps its size on the way through:
    0.036 at the 768 inputs for which 0.02 became the custom, but 0.125 at 64.
    Norm layers keep their ones and zeros.  Returns the model.
    Source: LeCun et al. 1998, "Efficient BackProp", section 4.6; std 0.02 as in Devlin et al. 2019 (BERT).
    """
    norms = (nn.LayerNorm, nn.RMSNorm, nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm)
    for part in model.modules():
        if isinstance(part, norms):
            continue
        for name, parameter in part.named_parameters(recurse=False):
            if "bias" in name:
                parameter.zero_()
            else:
                spread = 1 / math.sqrt(parameter[0].numel()) if _is_matrix(part, parameter) else std
                nn.init.trunc_normal_(parameter, std=spread, a=-2 * spread, b=2 * spread)
    return model
