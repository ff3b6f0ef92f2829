# expect: fail codes=gradient_kept
import torch

def extract_features(backbone, loader):
    was = backbone.training
    backbone.eval()
    features, labels = [], []
    for x, y in loader:
        features.append(backbone(x).cpu())
        labels.append(y.cpu())
    backbone.train(was)
    return torch.cat(features), torch.cat(labels)
