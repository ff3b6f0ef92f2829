# expect: fail codes=order_changed
import torch

def extract_features(backbone, loader):
    was = backbone.training
    backbone.eval()
    features, labels = [], []
    with torch.no_grad():
        for x, y in loader:
            features.append(backbone(x).cpu())
            labels.append(y.cpu())
    backbone.train(was)
    features, labels = torch.cat(features), torch.cat(labels)
    order = labels.argsort()
    return features[order], labels[order]
