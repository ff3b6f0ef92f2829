"""Lesson 05, two bugs that cancel: python -m tests.benchmarks.lessons.bug_hunt --row as_published --seed 0."""

from dataclasses import replace

from helpers import data, training
from tests.benchmarks.lessons.fit import Recipe
from tests.benchmarks.lessons.models import BlogCNN, BlogViT
from tests.benchmarks.lessons.rows import Row, main

LESSON = "05_bug_hunt"
UNKNOWN = "Unknown choices: 64 features, 4 heads, lr 0.01 with momentum 0.9; a miniature of 20,000 digits three times."

SGD = Recipe(3, 32, 0.01, optimizer="sgd", nll=True, limit=20_000, eval_batch=32)
MENDED = Recipe(10, 96, 5e-3, nll=True, augment=training.Augment(epochs=9))
ROWS = (
    Row("as_published", "MNIST", "the published ViT in form: attention across the batch, F.normalize over tokens", BlogViT, SGD, data.digits, published=90.38, reproduces=True, note=UNKNOWN),
    Row("without_normalize", "MNIST", "the same without F.normalize: nothing of the patches reaches the head", lambda: BlogViT(normalize=False), SGD, data.digits,
        note=f"Chance is 11.35 %, the share of the digit 1. {UNKNOWN}"),
    Row("batch_first", "MNIST", "the same without F.normalize, attention among the patches: one word changed", lambda: BlogViT(across_batch=False, normalize=False), SGD,
        data.digits, note=UNKNOWN),
    Row("mended", "MNIST", "patch 7, 4 layers, MLP 256, all bugs mended, the recipe of notebook 04",
        lambda: training.init_weights(BlogViT(across_batch=False, normalize=False, mended=True, hidden_dim=256)), MENDED, data.digits, published=90.38, target=98.8,
        note="MLP of 256 in place of 3,000 features: a tenth of the time."),
    Row("cnn", "MNIST", "the published CNN in form", BlogCNN, replace(SGD, limit=20_000), data.digits, published=97.55, note="A miniature of 20,000 digits three times; unknown: lr 0.01 with momentum 0.9.",
        reproduces=True),
)

if __name__ == "__main__":
    main(LESSON, ROWS)
