"""Check of `img_to_patch`: where does every pixel go?

Pixels carry distinct numbers, so one call shows the whole mapping from pixels to places in the output. Everything the
verdict rests on is what came out for secret images: shape, dtype and content of the outputs, the images after the call,
the gradient for a secret cotangent, and which of the sizes were refused (nothing tells the code which it should refuse).
"""

from __future__ import annotations

import math
from functools import partial
from itertools import product

import torch

from .. import standins
from .run import attempt, generator, tensor

EXERCISE = "img_to_patch"
CASES = ("square", "rectangle", "tall", "single", "pixels", "grey", "strided", "last", "double", "half", "bfloat")
FORMS = {"": {}, ".unflat": {"flatten_channels": False}}  # every image is cut in both: what is added to its name, the options
# (H, W, p) with one side that p does not divide, in every remainder and along either axis alone; then some that p divides.
UNEVEN = ((5, 4, 2), (4, 7, 2), (7, 6, 3), (6, 8, 3), (8, 9, 4), (8, 10, 4), (11, 8, 4), (8, 11, 4), (10, 8, 4), (2, 4, 4), (5, 7, 4), (6, 10, 4))
EVEN = ((6, 4, 2), (6, 9, 3), (8, 12, 4))
SIZES = len(UNEVEN) + len(EVEN)
SENT = (torch.float16, torch.float32, torch.float64)


def inputs(seed: int) -> dict:
    """Images under their names, each with its patch size under "<name>.p". C=3 because grey digits hide a missing
    permute; sizes differ so that swapped axes show."""
    g = generator(seed, EXERCISE)

    def numbered(*shape: int) -> torch.Tensor:
        return (torch.randperm(math.prod(shape), generator=g) + 1).float().reshape(shape)

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=g, dtype=torch.float64)

    p = 2 * int(torch.randint(1, 3, (1,), generator=g))  # 2 or 4: never the number of channels
    images = {
        "square": (numbered(2, 3, 4 * p, 4 * p), p),
        "rectangle": (numbered(2, 3, 2 * p, 5 * p), p),
        "tall": (numbered(3, 3, 4 * p, 2 * p), p),
        "single": (numbered(1, 3, 2 * p, 3 * p), p),
        "grey": (numbered(2, 1, 8, 12), 4),
        "strided": (numbered(2, 3, 3 * p, 2 * p), p),
        "last": (numbered(2, 3, 2 * p, 3 * p), p),
        "double": (noise(2, 3, 2 * p, 3 * p), p),
        "half": (noise(2, 3, 2 * p, 3 * p).half(), p),
        "bfloat": (noise(2, 3, 2 * p, 3 * p).bfloat16().float(), p),  # made a bfloat16 by the probe: NumPy has none, so none is sent
        "pixels": (numbered(2, 3, 2, 3), 1),
        "weight": (numbered(2, 3, 2 * p, 3 * p) / 7, p),  # no two alike: the gradient of each pixel is looked up by its value
    }
    sizes = [*UNEVEN, *EVEN]
    for k, n in enumerate(torch.randperm(SIZES, generator=g).tolist()):
        height, width, size = sizes[n]
        images[f"size{k}"] = (numbered(2, 3, height, width), size)
    given = {name: image for name, (image, _) in images.items()} | {f"{name}.p": size for name, (_, size) in images.items()}
    return given | {"cotangent": noise(36 * p * p).float()}


def probe(fn, given: dict) -> dict:
    """Call the student's function on every image; return plain tensors and error lines."""
    seen: dict[str, object] = {}
    used = standins.count(EXERCISE)

    def call(name: str, x: torch.Tensor, p: int, **options) -> torch.Tensor | None:
        value, error = attempt(lambda: fn(x, p, **options))
        seen[f"{name}.error"] = error
        seen[f"{name}.type"] = "tensor" if isinstance(value, torch.Tensor) else type(value).__name__
        seen[f"{name}.after"] = _sendable(tensor(x))
        out = tensor(value)
        if out is not None:
            seen[name], seen[f"{name}.dtype"] = _sendable(out), str(out.dtype)
        return value if isinstance(value, torch.Tensor) else None

    def gradient(name: str, options: dict) -> None:
        leaf = given["weight"].clone().requires_grad_(True)
        out = call(name, leaf, given["weight.p"], **options)
        if out is not None and out.requires_grad:
            weights = cotangent(given, out.numel()).reshape(out.shape).to(out.dtype)
            grad, error = attempt(lambda: torch.autograd.grad((out * weights).sum(), leaf, allow_unused=True)[0])
            seen[f"{name}.error"] = error
            if isinstance(grad, torch.Tensor):
                seen[f"{name}.value"] = tensor(grad).double()

    for name, (form, options) in product(CASES, FORMS.items()):
        call(name + form, _arranged(name, given[name]), given[f"{name}.p"], **options)
    for k, (form, options) in product(range(SIZES), FORMS.items()):
        _size(partial(fn, **options), given[f"size{k}"].clone(), given[f"size{k}.p"], f"size{k}{form}", seen)
    for form, options in FORMS.items():
        gradient(f"gradient{form}", options)
    seen["standin"] = standins.count(EXERCISE) > used
    return seen


def cotangent(given: dict, count: int) -> torch.Tensor:
    """The secret weights of `count` output numbers, [count]."""
    return given["cotangent"][torch.arange(count) % len(given["cotangent"])]


def _arranged(name: str, x: torch.Tensor) -> torch.Tensor:
    """A copy of an image, with the layout in memory and the dtype that its name asks for."""
    if name == "strided":  # rows and columns swapped, and a part of a larger tensor
        larger = torch.nn.functional.pad(x.transpose(2, 3), (1, 0, 1, 0, 1, 0, 1, 0))
        return larger[1:, 1:, 1:, 1:].transpose(2, 3)
    if name == "last":
        return x.contiguous(memory_format=torch.channels_last)
    return x.bfloat16() if name == "bfloat" else x.clone()


def _sendable(x: torch.Tensor) -> torch.Tensor:
    return x if x.dtype in SENT else x.double()


def _size(fn, x: torch.Tensor, p: int, name: str, seen: dict) -> None:
    try:
        value = fn(x, p)
    except ValueError:
        seen[f"{name}.refused"] = True
    except Exception:  # noqa: BLE001  any other error is not the one the contract names
        seen[f"{name}.refused"] = False
    else:
        seen[f"{name}.refused"] = False
        if isinstance(value, torch.Tensor) and value.dtype in SENT:
            seen[name] = tensor(value)
