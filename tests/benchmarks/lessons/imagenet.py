"""torchvision's ViT-B/16 with ImageNet weights as a reader of digits, for lesson 08; meant for a GPU."""

import time
import urllib.error

import torch
from torch import Tensor, nn
from torchvision.models import ViT_B_16_Weights, vit_b_16

from helpers import data
from helpers.data import DataError, Digits
from tests.benchmarks.lessons import fit
from tests.benchmarks.lessons.rows import Row

WEIGHTS = ViT_B_16_Weights.IMAGENET1K_V1


class Reader(nn.Module):
    """Grey images, normalised as `data.batches` does, float [B, 1, H, W] -> logits [B, K].

    mean, std: of that normalisation. It is taken back, grey becomes RGB, and the weights' own transforms scale to 224 pixels.
    weights: None gives first weights, for tests.
    """

    def __init__(self, mean: float, std: float, weights: ViT_B_16_Weights | None = WEIGHTS, num_classes: int = 10) -> None:
        super().__init__()
        try:
            self.backbone = vit_b_16(weights=weights, progress=False)
        except (urllib.error.URLError, OSError, RuntimeError) as error:
            raise DataError(f"The ImageNet weights of vit_b_16 (330 MB) cannot be had here: connect to the network and run this again ({error}).") from error
        self.backbone.heads = nn.Identity()
        self.head = nn.Linear(self.backbone.hidden_dim, num_classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.mean, self.std, self.transforms = mean, std, WEIGHTS.transforms(antialias=True)

    def features(self, x: Tensor) -> Tensor:
        """What the class token says: [B, 768]."""
        pixels = (x * self.std + self.mean).clamp(0, 1)
        return self.backbone(self.transforms(pixels.expand(-1, 3, -1, -1)))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x).to(self.head.weight.dtype))


def reader() -> Reader:
    """A reader of the digits."""
    digits = data.digits()
    return Reader(digits.mean, digits.std)


@torch.no_grad()
def features(model: Reader, split: data.Split, images: Digits, device: str) -> tuple[Tensor, Tensor]:
    """Features of every image of a split, computed once: [N, 768], and labels [N], on the device."""
    model = model.to(device).eval()
    found, labels = [], []
    for x, y in data.batches(split, 250, mean=images.mean, std=images.std, device=device):
        with torch.autocast(device, enabled=device == "cuda"):
            found.append(model.features(x).float())
        labels.append(y)
    return torch.cat(found), torch.cat(labels)


def probe(row: Row, images: Digits, seed: int, device: str) -> dict:
    """One pass over all images, then a linear head by LBFGS on the cached features; its decay is chosen on validation digits."""
    from tests.benchmarks.lessons.transfer import fit_head

    model = row.build()
    begin = time.perf_counter()
    train = images.train if row.recipe.limit is None else data.Split(images.train.images[: row.recipe.limit], images.train.labels[: row.recipe.limit])
    (x, y), val, test = (features(model, split, images, device) for split in (train, images.val, images.test))
    fit_head(model.head.to(device), x, y, *val)
    seconds = time.perf_counter() - begin

    def accuracy(x: Tensor, y: Tensor) -> float:
        return 100 * (model.head(x).argmax(dim=1) == y).float().mean().item()

    with torch.no_grad():
        return {"model": model, "seconds": seconds, "curve": {}, "val_accuracy": accuracy(*val), "accuracy": accuracy(*test)}


def fine_tune(row: Row, images: Digits, seed: int, device: str) -> dict:
    """Tune all weights, after the head alone has been fitted to the first 5,000 digits: a random head would first spoil the backbone."""
    from tests.benchmarks.lessons.transfer import fit_head

    model = row.build()
    begin = time.perf_counter()
    some = min(5000, row.recipe.limit or 5000)
    x, y = features(model, data.Split(images.train.images[:some], images.train.labels[:some]), images, device)
    fit_head(model.head.to(device), x, y, *features(model, data.Split(images.val.images[:some], images.val.labels[:some]), images, device))
    before = time.perf_counter() - begin
    lit, seconds = fit.fit(model, images, row.recipe, seed, device)
    return {"model": model, "seconds": before + seconds, "curve": lit.curve}
