# expect: fail codes=mode_not_restored
import torch

@torch.no_grad()
def extract_features(backbone, loader):
    backbone.eval()
    features = []
    labels = []
    for x, y in loader:
        features.append(backbone(x).cpu())
        labels.append(y.cpu())
    return torch.cat(features), torch.cat(labels)
