"""Verdict on `bug_flip`: a mirrored digit is no digit, so the augmentation may move and turn a little, but not flip."""

from __future__ import annotations

import torch

from ..report import CheckReport
from .bug_flip import CALLS, EXERCISE
from .results import cases
from .verdict import Steps, empty

RUNS = "it runs and keeps the shape of the images"
MIRROR = "no image is mirrored left to right"
TURN = "no image stands on its head"
PAPER = "paper is still 0, and ink is more"
OWN = "every image still shows what it showed"
STILL = "the images still vary from call to call"
RUNGS = (RUNS, MIRROR, TURN, PAPER, OWN, STILL)
MARGIN = 0.15  # a mirrored or turned letter is more like that form by 0.2 and more, one with a part erased by less than 0.1
LOST = 0.5  # likeness; half of the images are above 0.65 after noise, turns of 30 degrees or an erased part
MIXED = -0.07  # half of the images are less like another letter than like their own by 0.15 and more, those mixed half and half by 0.02
FOREIGN = 0.75  # likeness of a small mark to a letter: 0.72 and less after a white patch, 0.79 and more with 0.35 of a letter mixed in
RARE = 0.05  # share of the images; an erased part may make a letter look like another one now and then


def judge(seen: dict, given: dict, picture: bool = True) -> CheckReport:
    """Verdict from what the probe saw."""
    steps = Steps(EXERCISE, RUNGS)
    names = cases(given)
    if report := empty(EXERCISE, RUNGS, seen, f"{names[0]}.call0"):
        return report
    error = next((seen[name] for name in seen if name.endswith(".error") and seen[name]), "")
    for case in names:
        images, shape = seen.get(case), given[f"{case}.images"].shape
        if error or images is None or tuple(images.shape) != (CALLS * len(given[f"{case}.images"]), *shape[1:]):
            return steps.stop(RUNS, "raises" if error else "wrong_shape", error=error, got=tuple(images.shape[1:]) if images is not None else "no tensor",
                              want=tuple(shape[1:]))
    steps.rung(RUNS, True)
    if _mixed(seen, given):  # a mixture may look like anything else as well
        return steps.stop(OWN, "images_exchanged")
    images, letters = seen["letters"].double()[:, 0], given["letters.images"].double()[:, 0].repeat(CALLS, 1, 1)
    across = letters.transpose(1, 2)
    forms = [letters, letters.flip(2), across, across.flip(1, 2), letters.flip(1), letters.flip(1, 2), across.flip(1), across.flip(2)]
    others = [letters.roll(k, 0) for k in range(1, len(given["letters.images"]))]
    alike = torch.stack([likeness(images, one) for one in (*forms, *others, -letters)])
    best = torch.where(alike.amax(0) > alike[0] + MARGIN, alike.argmax(0), 0)
    mirrored, turned, inverted = (int(((best >= low) & (best <= high)).sum()) for low, high in ((1, 3), (4, 7), (len(alike) - 1, len(alike))))
    steps.ok(MIRROR, not mirrored, "mirrored")
    steps.ok(TURN, not turned, "upside_down")
    steps.ok(PAPER, not inverted, "inverted")
    if not steps.diagnoses:
        away = alike[len(forms):-1].amax(0) - alike[0]
        share = (best >= len(forms)).double().mean()
        exchanged, lost = share > RARE or away.median() > MIXED, alike[0].median() < LOST and share < 0.5
        steps.ok(OWN, not (lost or exchanged), "digits_lost" if lost else "images_exchanged")
    calls = seen["letters"].double().unflatten(0, (CALLS, -1))
    steps.ok(STILL, bool((calls - calls[0]).abs().max() > 1e-3), "augmentation_gone")
    return steps.report(first="upside_down" if turned > mirrored else None)


def _mixed(seen: dict, given: dict) -> bool:
    """Whether a small mark takes the form of a letter beside it, as where images are mixed."""
    calls, marks = seen["marks"].double()[:, 0].unflatten(0, (CALLS, -1)), given["marks.images"].double()[:, 0]
    letters = torch.stack([likeness(calls[:, 1::2].flatten(0, 1), letter[None].expand(2 * CALLS, -1, -1)) for letter in marks[::2]]).amax(0)
    own = likeness(calls[:, 1::2].flatten(0, 1), marks[1::2].repeat(CALLS, 1, 1))
    return bool(((letters > FOREIGN) & (letters > own + 0.1)).double().mean() > RARE)


def likeness(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Largest correlation of two images over all shifts, one number a pair; a, b: [n, H, W]."""
    a, b = (one - one.mean((1, 2), keepdim=True) for one in (a, b))
    products = torch.fft.irfft2(torch.fft.rfft2(a) * torch.fft.rfft2(b).conj(), s=a.shape[1:])
    return products.amax((1, 2)) / (a.norm(dim=(1, 2)) * b.norm(dim=(1, 2)) + 1e-9)
