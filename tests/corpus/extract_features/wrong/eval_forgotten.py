# expect: fail codes=train_mode_left_on
import torch


@torch.no_grad()
def extract_features(backbone, loader):
    features, labels = [], []
    for x, y in loader:
        features.append(backbone(x).cpu())
        labels.append(y.cpu())
    return torch.cat(features), torch.cat(labels)
