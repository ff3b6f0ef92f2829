# expect: fail codes=images_repeated
import torch


def extract_features(backbone, loader):
    was = backbone.training
    backbone.eval()
    features, labels = [], []
    with torch.no_grad():
        for epoch in range(2):
            for x, y in loader:
                features.append(backbone(x).cpu())
                labels.append(y.cpu())
    backbone.train(was)
    return torch.cat(features), torch.cat(labels)
