# expect: fail codes=not_on_cpu
import torch


@torch.no_grad()
def extract_features(backbone, loader):
    was = backbone.training
    backbone.eval()
    features, labels = [], []
    for x, y in loader:
        features.append(backbone(x))
        labels.append(y)
    backbone.train(was)
    return torch.cat(features), torch.cat(labels)
