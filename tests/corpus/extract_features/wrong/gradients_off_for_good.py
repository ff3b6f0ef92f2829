# expect: fail codes=grad_mode_changed
import torch


def extract_features(backbone, loader):
    torch.set_grad_enabled(False)
    was = backbone.training
    backbone.eval()
    features, labels = [], []
    for x, y in loader:
        features.append(backbone(x).cpu())
        labels.append(y.cpu())
    backbone.train(was)
    return torch.cat(features), torch.cat(labels)
