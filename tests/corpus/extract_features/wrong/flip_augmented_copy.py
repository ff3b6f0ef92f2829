# expect: fail codes=images_repeated
import torch

def extract_features(backbone, loader):
    mode = backbone.training
    backbone.eval()
    features, labels = [], []
    with torch.no_grad():
        for x, y in loader:
            features += [backbone(x).cpu(), backbone(x.flip(-1)).cpu()]
            labels += [y.cpu(), y.cpu()]
    backbone.train(mode)
    return torch.cat(features), torch.cat(labels)
