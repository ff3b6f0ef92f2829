"""The original assignment's way to train, as the yardstick for speed: PIL images, a DataLoader, one shared LayerNorm."""

import lightning as L
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from torchvision.transforms.functional import to_pil_image

from helpers.data import Digits, Split

BATCH_SIZE = 128


class PilDigits(Dataset):
    """Digits one by one, as torchvision's MNIST hands them out: a PIL image that passes through the transforms."""

    def __init__(self, split: Split, transform: transforms.Compose) -> None:
        self.images, self.labels, self.transform = split.images, split.labels, transform

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(to_pil_image(self.images[index])), int(self.labels[index])


def loader(digits: Digits, limit: int, workers: int) -> DataLoader:
    """The training DataLoader: flips and random resized crops on PIL images, batches of 128."""
    steps = [
        transforms.RandomHorizontalFlip(),
        transforms.RandomResizedCrop((28, 28), scale=(0.8, 1.0), ratio=(0.9, 1.1)),
        transforms.ToTensor(),
        transforms.Normalize([digits.mean], [digits.std]),
    ]
    split = Split(digits.train.images[:limit], digits.train.labels[:limit])
    return DataLoader(PilDigits(split, transforms.Compose(steps)), BATCH_SIZE, shuffle=True, num_workers=workers)


class SharedNormBlock(nn.Module):
    """A block in which attention and MLP share one LayerNorm; tokens [T, B, D]."""

    def __init__(self, dim: int, hidden: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.attention = nn.MultiheadAttention(dim, heads, dropout)
        self.mlp = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, dim), nn.Dropout(dropout))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(x)
        x = x + self.attention(y, y, y)[0]
        return x + self.mlp(self.norm(x))


class OriginalLitViT(L.LightningModule):
    """The original model and optimizer: positions of 65 tokens with standard deviation 1, AdamW at a constant 3e-4."""

    def __init__(self, patch_size: int, dim: int = 64, hidden: int = 128, heads: int = 4, layers: int = 3, dropout: float = 0.1) -> None:
        super().__init__()
        self.patch_size = patch_size
        self.project = nn.Linear(patch_size**2, dim)
        self.cls = nn.Parameter(torch.randn(1, 1, dim))
        self.positions = nn.Parameter(torch.randn(1, 65, dim))
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.Sequential(*[SharedNormBlock(dim, hidden, heads, dropout) for _ in range(layers)])
        self.head = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 10))

    def forward(self, x: Tensor) -> Tensor:
        patches = F.unfold(x, self.patch_size, stride=self.patch_size).transpose(1, 2)  # [B, N, p * p]
        tokens = torch.cat([self.cls.expand(len(x), -1, -1), self.project(patches)], dim=1)  # [B, 1 + N, D]
        tokens = self.dropout(tokens + self.positions[:, : tokens.shape[1]])
        return self.head(self.blocks(tokens.transpose(0, 1))[0])

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        x, y = batch
        logits = self(x)
        loss = F.cross_entropy(logits, y)
        self.log("train_loss", loss)
        self.log("train_acc", (logits.argmax(-1) == y).float().mean())
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(self.parameters(), lr=3e-4)
