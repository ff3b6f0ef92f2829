"""Lesson 06, CNN against ViT at equal parameters, augmentation and epochs: python -m tests.benchmarks.lessons.cnn_vs_vit --row cnn --seed 0."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import nn

from helpers import data, training
from helpers.data import Digits
from tests.benchmarks.lessons import fit
from tests.benchmarks.lessons.fit import Recipe
from tests.benchmarks.lessons.models import CNN, course_vit
from tests.benchmarks.lessons.rows import Row, main

LESSON = "06_cnn_vs_vit"
SAME = "Same augmentation, epochs and batch size for both models; optimiser and rate are each one's own."


def course(epochs: int = 10, patch_size: int = 4, augment: Callable | None = None) -> Recipe:
    """The recipe of notebook 04."""
    budget = training.budget("gpu", "MNIST", patch_size, epochs)
    return Recipe(epochs, budget.batch_size, budget.lr, budget.weight_decay, augment=augment or budget.augment)


def clothes() -> training.Augment:
    """Clothes are moved and scaled like digits, but hardly turned: none of the photographs is."""
    return training.Augment(degrees=3, shift=2, scale=0.1, epochs=9)


def distilled(row: Row, images: Digits, seed: int, device: str) -> dict:
    """Train the CNN first, then the ViT with the CNN as its teacher."""
    torch.manual_seed(seed)
    teacher = CNN()
    lit, before = fit.fit(teacher, images, replace(course(row.recipe.epochs), limit=row.recipe.limit), seed, device)
    torch.manual_seed(seed)
    model: nn.Module = row.build()
    recipe = replace(row.recipe, teacher=lambda: teacher)
    lit, seconds = fit.fit(model, images, recipe, seed, device)
    return {"model": model, "seconds": before + seconds, "curve": lit.curve}


MNIST = course()
MUON = replace(MNIST, optimizer="muon", muon_lr=5e-3)
CLOTHES = course(augment=clothes())
ROWS = (
    Row("cnn", "MNIST", "CNN, six 3x3 convolutions, BatchNorm", CNN, MNIST, data.digits, published=97.55, target=99.4, seeds=(0,),
        note=f"{SAME} Published: 97.35 and 97.55 % in two studies."),
    Row("vit", "MNIST", "the course's ViT, patch 4, Muon", lambda: course_vit(4), MUON, data.digits, published=90.38, target=99.2,
        note=f"{SAME} Published: 90 to 95 % in three studies."),
    Row("cnn_layer_norm", "MNIST", "the same CNN with one group of all channels in place of BatchNorm", lambda: CNN(norm="layer"), MNIST, data.digits, note=SAME, seeds=(0,)),
    Row("vit_distilled", "MNIST", "the course's ViT, patch 4, Muon, taught by the CNN", lambda: course_vit(4), MUON, data.digits, measure=distilled, seeds=(0,),
        note="Half of the loss asks for the CNN's softened answers; seconds hold both trainings."),
    Row("cnn_fashion", "Fashion-MNIST", "CNN, six 3x3 convolutions, BatchNorm", CNN, CLOTHES, data.fashion, note=SAME, seeds=(0,)),
    Row("vit_fashion", "Fashion-MNIST", "the course's ViT, patch 4, Muon", lambda: course_vit(4), replace(CLOTHES, optimizer="muon", muon_lr=5e-3), data.fashion, note=SAME, seeds=(0,)),
)

if __name__ == "__main__":
    main(LESSON, ROWS)
