# expect: fail codes=train_mode_left_on
import torch

def extract_features(backbone, loader):
    was = backbone.training
    backbone.eval
    features, labels = [], []
    with torch.no_grad():
        for x, y in loader:
            features.append(backbone(x).cpu())
            labels.append(y)
    backbone.train(was)
    return torch.cat(features), torch.cat(labels)
