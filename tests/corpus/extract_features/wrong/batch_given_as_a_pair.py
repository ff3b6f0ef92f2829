# expect: fail codes=raises
import torch

def extract_features(backbone, loader):
    was = backbone.training
    backbone.eval()
    features = []
    with torch.no_grad():
        for batch in loader:
            features.append(backbone(batch).cpu())      # batch is (images, labels)
    backbone.train(was)
    return torch.cat(features), loader.dataset.targets
