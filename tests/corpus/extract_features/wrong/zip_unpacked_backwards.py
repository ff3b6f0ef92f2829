# expect: fail codes=results_swapped
import torch

@torch.no_grad()
def extract_features(backbone, loader):
    mode = backbone.training
    backbone.eval()
    pairs = [(y.cpu(), backbone(x).cpu()) for x, y in loader]
    backbone.train(mode)
    first, second = zip(*pairs)
    return torch.cat(first), torch.cat(second)
