"""Models of lessons 05-09: the course's blocks in other arrangements, the CNNs they are compared with, and published ones."""

from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autograder.building.sources import solution_namespace
from helpers import training


@cache
def part(exercise: str) -> Callable:
    """The course's own solution of an exercise of notebooks 01-04, such as "vision_transformer"."""
    return solution_namespace(exercise)


def course_vit(patch_size: int, image_size: int = 28, num_channels: int = 1, embed_dim: int = 64, hidden_dim: int | None = None, num_heads: int = 4,
               num_layers: int = 3, num_classes: int = 10) -> nn.Module:
    """The Vision Transformer of notebook 03 with the first weights of notebook 04: 105,482 parameters by default at patch size 4."""
    model = part("vision_transformer")(
        embed_dim=embed_dim, hidden_dim=hidden_dim or 2 * embed_dim, num_channels=num_channels, num_heads=num_heads, num_layers=num_layers,
        num_classes=num_classes, patch_size=patch_size, num_patches=(image_size // patch_size) ** 2,
    )
    return training.init_weights(model)


class Upscaled(nn.Module):
    """A model that sees images scaled to `size` pixels, as two published runs did: the patches get smaller, nothing is added."""

    def __init__(self, model: nn.Module, size: int) -> None:
        super().__init__()
        self.model, self.size = model, size

    def forward(self, x: Tensor) -> Tensor:
        return self.model(F.interpolate(x, size=(self.size, self.size), mode="bilinear", align_corners=False))


class ViT(nn.Module):
    """The course's blocks with the switches of lesson 09; x float [B, C, S, S] -> logits [B, K].

    stem: "patch" cuts patches (one strided convolution); "conv" is three 3x3 convolutions, with the same number of tokens.
    pool: "cls" reads a class token, "mean" the mean of all tokens.  drop_path: share of images that skip the last block
    while training; earlier blocks less.  keep: share of patch tokens used while training, drawn anew for each image.
    Source: Dosovitskiy et al. 2021; stem: Xiao et al. 2021, "Early Convolutions"; keep: Liu et al. 2023, "PatchDropout".
    """

    def __init__(self, image_size: int = 32, patch_size: int = 4, num_channels: int = 3, embed_dim: int = 64, hidden_dim: int | None = None,
                 num_heads: int = 2, num_layers: int = 4, num_classes: int = 10, stem: str = "patch", pool: str = "mean", drop_path: float = 0.0) -> None:
        super().__init__()
        tokens = (image_size // patch_size) ** 2
        self.stem = conv_stem(num_channels, embed_dim, patch_size) if stem == "conv" else nn.Conv2d(num_channels, embed_dim, patch_size, patch_size)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dim)) if pool == "cls" else None
        self.positions = nn.Parameter(torch.zeros(1, tokens, embed_dim))
        block = part("attention_block")
        self.blocks = nn.ModuleList(block(embed_dim, hidden_dim or 2 * embed_dim, num_heads) for _ in range(num_layers))
        self.drop = [drop_path * place / max(num_layers - 1, 1) for place in range(num_layers)]
        self.norm = nn.LayerNorm(embed_dim)
        self.head = nn.Linear(embed_dim, num_classes)
        self.keep = 1.0
        training.init_weights(self)

    def forward(self, x: Tensor) -> Tensor:
        x = x.contiguous(memory_format=torch.channels_last)
        tokens = self.stem(x).flatten(2).transpose(1, 2) + self.positions  # [B, T, D]
        if self.training and self.keep < 1:
            kept = torch.rand(tokens.shape[:2], device=x.device).topk(max(round(self.keep * tokens.shape[1]), 1)).indices  # [B, t]
            tokens = tokens.gather(1, kept.unsqueeze(-1).expand(-1, -1, tokens.shape[2]))  # [B, t, D]
        if self.cls_token is not None:
            tokens = torch.cat([self.cls_token.expand(len(x), -1, -1), tokens], dim=1)
        for block, p in zip(self.blocks, self.drop):
            tokens = tokens + drop_path(block(tokens) - tokens, p, self.training) if p else block(tokens)
        tokens = self.norm(tokens)
        return self.head(tokens[:, 0] if self.cls_token is not None else tokens.mean(dim=1))


def drop_path(x: Tensor, p: float, training: bool) -> Tensor:
    """Zero the branch x [B, ...] for a random share p of the images; the others are scaled by 1 / (1 - p)."""
    if not training or not p:
        return x
    kept = torch.rand(len(x), *(1,) * (x.ndim - 1), device=x.device) >= p
    return x * kept / (1 - p)


def conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """A 3x3 convolution, BatchNorm, ReLU: [B, inputs, H, W] -> [B, outputs, H / stride, W / stride]."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


def conv_stem(num_channels: int, embed_dim: int, patch_size: int) -> nn.Sequential:
    """Three 3x3 convolutions that bring S pixels to S / patch_size tokens; patch_size 1, 2 or 4."""
    strides = {1: (1, 1), 2: (2, 1), 4: (2, 2)}[patch_size]
    stem = nn.Sequential(conv(num_channels, 32, strides[0]), conv(32, 64, strides[1]), nn.Conv2d(64, embed_dim, 3, padding=1))
    return stem.to(memory_format=torch.channels_last)  # the order in which a CPU convolves fastest


class CNN(nn.Module):
    """A small plain CNN, as many parameters as the course's ViT; x float [B, C, S, S] -> logits [B, K].

    Two 3x3 convolutions at each of three resolutions, pooling between them, the mean over all places, one linear layer.
    norm: "batch", or "layer": one group of all channels, which does not look at the other images of the batch.
    Source: Simonyan and Zisserman 2015 (VGG), with Ioffe and Szegedy 2015 (BatchNorm).
    """

    def __init__(self, num_channels: int = 1, widths: tuple[int, int, int] = (20, 44, 72), num_classes: int = 10, norm: str = "batch") -> None:
        super().__init__()
        layers, before = [], num_channels
        for place, width in enumerate(widths):
            layers += [nn.MaxPool2d(2)] * bool(place) + [conv(before, width), conv(width, width)]
            before = width
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(before, num_classes)
        if norm == "layer":
            for block in self.features:
                if isinstance(block, nn.Sequential):
                    block[1] = nn.GroupNorm(1, block[0].out_channels)
        self.to(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x.contiguous(memory_format=torch.channels_last)).mean(dim=(2, 3)))


class BlogViT(nn.Module):
    """The ViT of the published study with 90.38 %, in form: patch 7, 4 layers, MLP 3000, head 250-100-10; x -> log-probabilities.

    across_batch: the encoder is built without batch_first, so attention runs among the images of a batch (the bug).
    normalize: the features are divided by their length over the tokens (the other bug, by which alone the first model learns).
    mended: the class token is trained and its output goes to the head without that division; attention among the patches.
    Unknown in the study, chosen here: 64 features, 4 heads, dropout 0.1 as torch has it.
    """

    def __init__(self, across_batch: bool = True, normalize: bool = True, mended: bool = False, embed_dim: int = 64, hidden_dim: int = 3000,
                 num_layers: int = 4) -> None:
        super().__init__()
        self.normalize = normalize
        self.embed = nn.Linear(49, embed_dim)
        token = torch.randn(1, 1, embed_dim)
        if mended:
            self.cls_token, self.positions = nn.Parameter(0.02 * token), nn.Parameter(0.02 * torch.randn(1, 17, embed_dim))
        else:
            self.register_buffer("cls_token", token)  # never trained
            self.positions = nn.Parameter(torch.randn(1, 17, embed_dim))
        layer = nn.TransformerEncoderLayer(embed_dim, 4, hidden_dim, batch_first=not across_batch, norm_first=mended,
                                           activation="gelu" if mended else "relu", dropout=0.0 if mended else 0.1)
        self.encoder = nn.TransformerEncoder(layer, num_layers, norm=nn.LayerNorm(embed_dim) if mended else None, enable_nested_tensor=False)
        between = nn.GELU if mended else nn.Identity  # the study has no activation between its last layers
        self.head = nn.Sequential(nn.Linear(embed_dim, 250), between(), nn.Linear(250, 100), between(), nn.Linear(100, 10))

    def forward(self, x: Tensor) -> Tensor:
        B = len(x)
        patches = x.view(B, 4, 7, 4, 7).transpose(2, 3).reshape(B, 16, 49)  # [B, 16, 49]
        tokens = torch.cat([self.cls_token.expand(B, -1, -1), self.embed(patches)], dim=1) + self.positions  # [B, 17, D]
        tokens = self.encoder(tokens)
        if self.normalize:
            tokens = F.normalize(tokens)  # over dimension 1: the tokens
        return F.log_softmax(self.head(tokens[:, 0]), dim=1)


class BlogCNN(nn.Sequential):
    """The CNN of the same study: convolutions of 32 and 64 channels, pooling, dropout, 128 features; x -> log-probabilities [B, 10]."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten(),
            nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10), nn.LogSoftmax(dim=1),
        )


class AcrossBatchViT(nn.Module):
    """The CIFAR-10 ViT that reached 14.81 %, in form: 256 features, 4 layers, 4 heads, MLP 1024, attention across the batch."""

    def __init__(self, across_batch: bool = True, image_size: int = 32, patch_size: int = 4, embed_dim: int = 256, hidden_dim: int = 1024,
                 num_layers: int = 4) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, embed_dim, patch_size, patch_size)
        self.cls_token = nn.Parameter(torch.randn(1, 1, embed_dim))
        self.positions = nn.Parameter(torch.randn(1, 1 + (image_size // patch_size) ** 2, embed_dim))
        layer = nn.TransformerEncoderLayer(embed_dim, 4, hidden_dim, batch_first=not across_batch)
        self.encoder = nn.TransformerEncoder(layer, num_layers, enable_nested_tensor=False)
        self.head = nn.Linear(embed_dim, 10)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.embed(x).flatten(2).transpose(1, 2)  # [B, T, D]
        tokens = torch.cat([self.cls_token.expand(len(x), -1, -1), tokens], dim=1) + self.positions  # [B, 1 + T, D]
        return self.head(self.encoder(tokens)[:, 0])
