# expect: fail codes=wrong_shape
import torch


@torch.no_grad()
def extract_features(backbone, loader):
    was = backbone.training
    backbone.eval()
    features, labels = [], []
    for x, y in loader:
        backbone(x)
        features.append(x.flatten(1).cpu())
        labels.append(y.cpu())
    backbone.train(was)
    return torch.cat(features), torch.cat(labels)
