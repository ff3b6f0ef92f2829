# expect: fail codes=not_on_cpu
import torch

@torch.no_grad()
def extract_features(backbone, loader):
    """Features go to where the labels are, and these are on the backbone's device."""
    was = backbone.training
    backbone.eval()
    f, l = zip(*[(backbone(x).to(y.device), y) for x, y in loader])
    backbone.train(was)
    return torch.cat(f), torch.cat(l)
