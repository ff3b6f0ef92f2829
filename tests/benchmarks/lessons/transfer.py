"""Lesson 08, transfer: python -m tests.benchmarks.lessons.transfer --pretrain, then --row fine_tuned_10 --seed 0.

A small ViT learns clothes (Fashion-MNIST) and is then given a few digits of each class (MNIST).
"""

import io
import shutil
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers import data, pretrained, training
from helpers.data import Digits
from helpers.files import write_whole
from helpers.profiles import profile
from tests.benchmarks.lessons import fit, imagenet, rows
from tests.benchmarks.lessons.fit import Recipe
from tests.benchmarks.lessons.rows import Row

LESSON = "08_transfer"
PRETRAINING = Recipe(8, 96, 8e-3, augment=training.Augment(epochs=7))
SHOTS = (10, 100, 1000)
# Epochs over the few digits: the fewer there are, the more often each is seen.
EPOCHS = {10: 150, 100: 60, 1000: 15}
LR = 5e-3  # the best of 1.5e-3 to 8e-3 at 100 digits a class, on validation digits, for both ways that train all weights


def pretrain(row: Row, images: Digits, seed: int, device: str, path: Path | None = None) -> dict:
    """Train on clothes and write the checkpoint, half-precision numbers, about 220 kB."""
    torch.manual_seed(seed)
    model = row.build()
    folder = fit.run_folder(f"{LESSON} {row.recipe} {seed}")
    lit, seconds = fit.fit(model, images, row.recipe, seed, device, folder)
    stored = io.BytesIO()
    torch.save({name: tensor.detach().cpu().half() for name, tensor in model.state_dict().items()}, stored)
    if path is not None and profile() != "smoke":
        write_whole(path, stored.getvalue())
    shutil.rmtree(folder, ignore_errors=True)
    return {"model": model, "seconds": seconds, "curve": lit.curve}


def few(row: Row, images: Digits, seed: int, device: str, shots: int) -> dict:
    """Train on `shots` digits of each class, drawn with the seed."""
    torch.manual_seed(seed)
    chosen = data.few(images.train, shots, seed)
    small = replace(images, train=chosen, val=data.Split(images.val.images[:1000], images.val.labels[:1000]))  # mean and std stay: they need no labels
    model = row.build()
    lit, seconds = fit.fit(model, small, row.recipe, seed, device)
    return {"model": model, "seconds": seconds, "curve": {}}


@torch.no_grad()
def features(model: nn.Module, batches) -> tuple[Tensor, Tensor]:
    """What goes into the head, for every image once: [N, D], and the labels [N]."""
    seen: list[Tensor] = []
    handle = model.head[-1].register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    model.eval()
    labels = [y for x, y in batches if model(x) is not None]
    handle.remove()
    return torch.cat(seen), torch.cat(labels)


def fit_head(head: nn.Linear, x: Tensor, y: Tensor, val_x: Tensor, val_y: Tensor) -> float:
    """Fit a linear head to features x [N, D] by LBFGS, in place; the decay is chosen on validation features. Returns that accuracy.

    The features are standardised for the solver; the head that comes out reads them as they are.
    """
    mean, std = x.mean(dim=0), x.std(dim=0) + 1e-4
    best = (-1.0, None)
    for decay in (1e-4, 1e-3, 1e-2, 1e-1):
        trial = nn.Linear(head.in_features, head.out_features, device=x.device)
        nn.init.zeros_(trial.weight)
        nn.init.zeros_(trial.bias)
        solver = torch.optim.LBFGS(trial.parameters(), max_iter=200, line_search_fn="strong_wolfe")

        def closure() -> Tensor:
            solver.zero_grad()
            loss = F.cross_entropy(trial((x - mean) / std), y) + decay * trial.weight.square().sum()
            loss.backward()
            return loss

        solver.step(closure)
        right = (trial((val_x - mean) / std).argmax(dim=1) == val_y).float().mean().item()
        if right > best[0]:
            best = (right, trial)
    with torch.no_grad():
        head.weight.copy_(best[1].weight / std)
        head.bias.copy_(best[1].bias - best[1].weight @ (mean / std))
    return best[0]


def probe(row: Row, images: Digits, seed: int, device: str, shots: int) -> dict:
    """Fit a new head alone, on features that are computed once."""
    begin = time.process_time()
    model = row.build()
    make = partial(data.batches, batch_size=500, mean=images.mean, std=images.std)
    some = data.Split(images.val.images[:1000], images.val.labels[:1000])
    fit_head(model.head[-1], *features(model, make(data.few(images.train, shots, seed))), *features(model, make(some)))
    return {"model": model, "seconds": time.process_time() - begin, "curve": {}}


def recipe(shots: int) -> Recipe:
    return Recipe(EPOCHS[shots], 50, LR, weight_decay=0.05, augment=training.Augment(), val_every=EPOCHS[shots])


PROBING = Recipe(1)  # one pass over the digits; the head is solved for
NOTE = "Pretrained on Fashion-MNIST by this course, 8 epochs; the same digits, epochs, learning rate and augmentation for the trained rows of one size; the probe is solved on digits as they are."
ROWS = (
    Row("pretraining", "Fashion-MNIST", "ViT of PyTorch's layers, patch 7, 3 layers", pretrained.untrained, PRETRAINING, data.fashion, measure=partial(pretrain, path=pretrained.WEIGHTS), seeds=(0,),
        note="Makes helpers/pretrained/fashion_vit_p7.pt."),
    *(Row(f"{kind}_{shots}", "MNIST", f"{words}, {shots} digits a class", build, PROBING if how is probe else recipe(shots), data.digits, measure=partial(how, shots=shots), note=NOTE)
      for shots in SHOTS
      for kind, words, build, how in (
          ("scratch", "ViT from first weights", pretrained.untrained, few),
          ("fine_tuned", "pretrained ViT, all weights tuned", pretrained.load, few),
          ("probe", "pretrained ViT, new head alone", pretrained.load, probe),
      )),
    Row("vit_b_16_probe", "MNIST", "torchvision vit_b_16, ImageNet weights, new head alone", imagenet.reader, Recipe(1), data.digits, published=95.03, gpu=True, seeds=(0,),
        measure=imagenet.probe, note="Needs the ImageNet weights (330 MB) and a GPU. Published: on validation data."),
    Row("vit_b_16_fine_tuned", "MNIST", "torchvision vit_b_16, ImageNet weights, all weights tuned", imagenet.reader,
        Recipe(2, 128, 5e-5, weight_decay=0.05, augment=training.Augment(epochs=1), clip=1.0), data.digits, target=99.2, gpu=True, seeds=(0,), measure=imagenet.fine_tune,
        note="Needs the ImageNet weights (330 MB) and a GPU."),
)


def main(arguments: list[str] | None = None) -> None:
    """Command line: --pretrain stands for --row pretraining --record."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if "--pretrain" in arguments:
        arguments = ["--row", "pretraining", "--record"]
    rows.main(LESSON, ROWS, arguments)


if __name__ == "__main__":
    main()
