# expect: fail codes=images_repeated
import torch

def extract_features(backbone, loader):
    was = backbone.training
    backbone.eval()
    with torch.no_grad():
        x, y = next(iter(loader))          # to see the shape
        features, labels = [backbone(x).cpu()], [y.cpu()]
        for x, y in loader:
            features.append(backbone(x).cpu())
            labels.append(y.cpu())
    backbone.train(was)
    return torch.cat(features), torch.cat(labels)
