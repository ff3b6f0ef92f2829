"""Inputs of `bug_flip`, `augment(images)`: a letter that shows whether it was mirrored or turned."""

from __future__ import annotations

import torch

from ..run import generator
from .results import draws, gather, record

EXERCISE = "bug_flip"
CALLS = 24


def inputs(seed: int) -> dict:
    """Images [4, 1, 28, 28] in [0, 1] with an F of changing thickness; `draw` seeds the student's random numbers."""
    g = generator(seed, EXERCISE)
    images = torch.zeros(4, 1, 28, 28)
    for image in images:
        top, left, thick = (int(torch.randint(low, high, (1,), generator=g)) for low, high in ((6, 9), (8, 11), (2, 4)))
        image[0, top:top + 15, left:left + thick] = 1
        image[0, top:top + thick, left:left + 10] = 1
        image[0, top + 6:top + 6 + thick, left:left + 7] = 1
    return gather(letters={"images": images}) | {"draw": int(torch.randint(0, 2**31, (1,), generator=g))}


def probe(fn, given: dict) -> dict:
    """Call the student's function a number of times on the same images: what came out, [calls * 4, 1, 28, 28]."""
    seen: dict[str, object] = {}
    with draws(given["draw"]):
        for k in range(CALLS):
            record(seen, f"call{k}", lambda: fn(given["letters.images"].clone()))
    found = [seen.pop(f"call{k}", None) for k in range(CALLS)]
    if all(one is not None and one.shape == found[0].shape for one in found):
        seen["images"] = torch.cat(found).half() if found[0].dim() else torch.stack(found)
    return seen
