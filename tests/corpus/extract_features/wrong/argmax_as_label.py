# expect: fail codes=labels_wrong
import torch

def extract_features(backbone, loader):
    was = backbone.training
    backbone.eval()
    features, labels = [], []
    with torch.no_grad():
        for x, y in loader:
            z = backbone(x).cpu()
            features.append(z)
            labels.append(z.argmax(dim=1))
    backbone.train(was)
    return torch.cat(features), torch.cat(labels)
