"""A small Vision Transformer that this course has trained on clothes (Fashion-MNIST), to be transferred to other images.

The weights are made by `python -m tests.benchmarks.lessons.transfer --pretrain`; their row is in solutions/results.json.
"""

from pathlib import Path

import torch
from torch import nn

from helpers import standins

WEIGHTS = Path(__file__).with_name("fashion_vit_p7.pt")
KWARGS = {"embed_dim": 64, "hidden_dim": 128, "num_channels": 1, "num_heads": 4, "num_layers": 3, "patch_size": 7, "num_patches": 16}


def untrained(num_classes: int = 10) -> nn.Module:
    """The same model before any training: PyTorch's own layers, 28 x 28 grey images -> logits [B, num_classes].

    Its last linear layer is `model.head[-1]`, and what goes into that are 64 features an image.
    """
    from helpers.training import init_weights

    return init_weights(standins.VisionTransformer(num_classes=num_classes, **KWARGS))


def load(num_classes: int = 10, path: str | Path = WEIGHTS) -> nn.Module:
    """The model with its pretrained weights and a new last layer, all zeros: the logits of every class are equal at first.

    Raises FileNotFoundError, in one sentence, where the file of the weights is missing.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"The weights {path.name} are missing from helpers/pretrained: take them from the course's repository again.")
    stored = torch.load(path, map_location="cpu", weights_only=True)  # data alone: no code of a file is run
    model = untrained(num_classes)
    last = model.head[-1]
    model.load_state_dict({name: tensor.float() for name, tensor in stored.items() if not name.startswith("head.1.")}, strict=False)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return model
