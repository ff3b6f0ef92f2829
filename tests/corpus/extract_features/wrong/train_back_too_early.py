# expect: fail codes=train_mode_left_on
import torch

def extract_features(backbone, loader):
    was = backbone.training
    features, labels = [], []
    with torch.no_grad():
        backbone.eval()
        for x, y in loader:
            features.append(backbone(x).cpu())
            labels.append(y.cpu())
            backbone.train(was)        # indented one level too far
    return torch.cat(features), torch.cat(labels)
