# expect: fail codes=labels_wrong
import torch


@torch.no_grad()
def extract_features(backbone, loader):
    was = backbone.training
    backbone.eval()
    features = torch.cat([backbone(x).cpu() for x, y in loader])
    backbone.train(was)
    labels = torch.arange(len(features)) % 10
    return features, labels
