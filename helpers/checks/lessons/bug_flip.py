"""Inputs of `bug_flip`, `augment(images)`: letters that show whether they were mirrored, turned or exchanged.

Beside two of the letters stand two small marks: little ink shows best whether a neighbour's is mixed in.
"""

from __future__ import annotations

import torch

from ..run import generator
from .results import cases, draws, gather, record

EXERCISE = "bug_flip"
CALLS = 24


def inputs(seed: int) -> dict:
    """Images [4, 1, 28, 28] in [0, 1]: an F, an h, a q and an L with a hook, of changing thickness; F, dot, h, dash.

    No letter looks like another one, or like its own mirror image or turned form. `draw` seeds the student's random numbers.
    """
    g = generator(seed, EXERCISE)
    images = torch.zeros(4, 1, 28, 28)
    for k, image in enumerate(images):
        top, left, t = (int(torch.randint(low, high, (1,), generator=g)) for low, high in ((6, 9), (8, 11), (2, 4)))
        bars = (  # row, column, height, width
            ((0, 0, 15, t), (0, 0, t, 10), (6, 0, t, 7)),
            ((0, 0, 15, t), (7, 0, t, 10), (7, 10 - t, 8, t)),
            ((0, 0, t, 10), (0, 0, 8, t), (0, 10 - t, 15, t), (8 - t, 0, t, 10)),
            ((0, 0, 15, t), (15 - t, 0, t, 10), (9, 10 - t, 6, t)),
        )[k]
        for row, column, height, width in bars:
            image[0, top + row:top + row + height, left + column:left + column + width] = 1
    marks = images.clone()[[0, 0, 1, 1]]
    marks[1::2] = 0
    marks[1, 0, 12:15, 12:15] = 1
    marks[3, 0, 13:15, 11:15] = 1
    return gather(letters={"images": images}, marks={"images": marks}) | {"draw": int(torch.randint(0, 2**31, (1,), generator=g))}


def probe(fn, given: dict) -> dict:
    """Call the student's function a number of times on the same images: what came out, [calls * 4, 1, 28, 28] each."""
    seen: dict[str, object] = {}
    with draws(given["draw"]):
        for case in cases(given):
            for k in range(CALLS):
                record(seen, f"{case}.call{k}", lambda: fn(given[f"{case}.images"].clone()))
    for case in cases(given):
        found = [seen.pop(f"{case}.call{k}", None) for k in range(CALLS)]
        if all(one is not None and one.shape == found[0].shape for one in found):
            seen[case] = torch.cat(found).half() if found[0].dim() else torch.stack(found)
    return seen
