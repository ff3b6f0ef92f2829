"""A training run in seconds, on real digits: what the tests hand in as evidence."""

from pathlib import Path

import torch
import torch.nn.functional as F

from helpers import carry, data

# Stands for a student's class: evidence asks what a model does; this one trains in seconds.
MODEL = '''import torch
from torch import nn

class VisionTransformer(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.net = nn.Sequential(nn.LayerNorm(784), nn.Linear(784, hidden), nn.GELU(), nn.Linear(hidden, 10))

    def forward(self, x):
        return self.net(x.flatten(1))
'''


def train(folder: Path) -> Path:
    """Write carry/, checkpoints/ and metrics.csv of a model that was really trained on the offline digits into a folder."""
    (folder / "carry").mkdir()
    (folder / "checkpoints").mkdir()
    (folder / "carry" / "vision_transformer.py").write_text(MODEL)
    digits = data.digits()
    torch.manual_seed(0)
    model = carry.namespace(folder / "carry", "vision_transformer")["VisionTransformer"](hidden=128)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    rows, saved = ["epoch,train_loss,val_acc"], {0: "first", 5: "middle", 11: "best"}
    batches = data.batches(digits.train, 100, mean=digits.mean, std=digits.std, train=True)
    x = (digits.val.images.float() / 255 - digits.mean) / digits.std
    for epoch in range(12):
        losses = []
        for images, labels in batches:
            loss = F.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        with torch.no_grad():
            accuracy = (model(x).argmax(1) == digits.val.labels).double().mean().item()
        rows.append(f"{epoch},{sum(losses) / len(losses)},{accuracy}")
        if epoch in saved:
            weights = {f"model.{name}": value for name, value in model.state_dict().items()}
            torch.save({"state_dict": weights, "epoch": epoch, "hyper_parameters": {"model_kwargs": {"hidden": 128}}}, folder / "checkpoints" / f"{saved[epoch]}.ckpt")
    (folder / "metrics.csv").write_text("\n".join(rows) + "\n")
    return folder
