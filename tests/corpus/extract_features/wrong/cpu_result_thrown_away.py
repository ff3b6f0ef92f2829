# expect: fail codes=not_on_cpu
import torch

def extract_features(backbone, loader):
    was = backbone.training
    backbone.eval()
    features, labels = [], []
    with torch.no_grad():
        for x, y in loader:
            z = backbone(x)
            z.cpu()
            features.append(z)
            labels.append(y.cpu())
    backbone.train(was)
    return torch.cat(features, 0), torch.cat(labels, 0)
