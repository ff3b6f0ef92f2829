# expect: fail codes=not_one_pass
import torch

@torch.no_grad()
def extract_features(backbone, loader):
    was = backbone.training
    backbone.eval()
    n = len(loader.dataset)
    f, l, k = None, torch.empty(n, dtype=torch.long), 0
    for x, y in loader:
        out = backbone(x).cpu()
        f = torch.empty(n, out.shape[1]) if f is None else f
        f[k:k + len(x)], l[k:k + len(x)] = out, y
        k += len(x)
    backbone.train(was)
    return f, l
