# expect: pass
import torch

def extract_features(backbone, loader):
    training = backbone.training
    backbone.train(False)
    features = None
    labels = None
    for x, y in loader:
        with torch.no_grad():
            z = backbone(x).cpu()
        if features is None:
            features = z
            labels = y.cpu()
        else:
            features = torch.cat((features, z))
            labels = torch.cat((labels, y.cpu()))
    backbone.train(training)
    return features, labels
