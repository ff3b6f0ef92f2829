# expect: fail codes=last_batch_dropped
import torch


def extract_features(backbone, loader):
    was = backbone.training
    backbone.eval()
    features, labels = [], []
    size = None
    with torch.no_grad():
        for x, y in loader:
            size = size or len(x)
            if len(x) < size:
                continue        # incomplete batch
            features.append(backbone(x).cpu())
            labels.append(y.cpu())
    backbone.train(was)
    return torch.cat(features), torch.cat(labels)
