# expect: pass
import torch
from torch import Tensor, nn


def extract_features(backbone: nn.Module, loader) -> tuple[Tensor, Tensor]:
    training = backbone.training
    device = next((p.device for p in backbone.parameters()), torch.device("cpu"))
    backbone.eval()
    try:
        with torch.no_grad():
            pairs = [(backbone(x.to(device)).cpu(), y.cpu()) for x, y in loader]
    finally:
        backbone.train(training)
    features, labels = zip(*pairs)
    return torch.cat(features), torch.cat(labels)
