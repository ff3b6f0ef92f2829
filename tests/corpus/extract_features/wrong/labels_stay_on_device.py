# expect: fail codes=not_on_cpu
import torch

@torch.no_grad()
def extract_features(backbone, loader):
    """The labels are left where the loader put them: on the backbone's device."""
    was = backbone.training
    backbone.eval()
    f, l = [], []
    for x, y in loader:
        f.append(backbone(x).cpu())
        l.append(y)
    backbone.train(was)
    return torch.cat(f), torch.cat(l)
