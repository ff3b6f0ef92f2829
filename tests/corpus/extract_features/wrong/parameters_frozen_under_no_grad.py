# expect: fail codes=parameters_frozen
import torch


@torch.no_grad()
def extract_features(backbone, loader):
    was = backbone.training
    backbone.eval().requires_grad_(False)
    out = [(backbone(x).cpu(), y.cpu()) for x, y in loader]
    backbone.train(was)
    return torch.cat([a for a, _ in out]), torch.cat([b for _, b in out])
