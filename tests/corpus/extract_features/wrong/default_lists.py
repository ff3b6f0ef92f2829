# expect: fail codes=kept_between_calls
import torch

@torch.no_grad()
def extract_features(backbone, loader, features=[], labels=[]):
    was = backbone.training
    backbone.eval()
    for x, y in loader:
        features.append(backbone(x).cpu())
        labels.append(y.cpu())
    backbone.train(was)
    return torch.cat(features), torch.cat(labels)
