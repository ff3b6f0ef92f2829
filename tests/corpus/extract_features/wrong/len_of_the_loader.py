# expect: fail codes=not_one_pass
import torch

@torch.no_grad()
def extract_features(backbone, loader):
    """Wraps len(loader): nothing but a DataLoader has it."""
    was = backbone.training
    backbone.eval()
    f, l = [None] * len(loader), [None] * len(loader)
    for k, (x, y) in enumerate(loader):
        f[k], l[k] = backbone(x).cpu(), y.cpu()
    backbone.train(was)
    return torch.cat(f), torch.cat(l)
