# expect: fail codes=last_batch_dropped
import torch

def extract_features(backbone, loader):
    was = backbone.training
    backbone.eval()
    features, labels = [], []
    with torch.no_grad():
        for i, (x, y) in enumerate(loader):
            if i == len(loader) - 1:
                break
            features.append(backbone(x).cpu())
            labels.append(y.cpu())
    backbone.train(was)
    return torch.cat(features), torch.cat(labels)
