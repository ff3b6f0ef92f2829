# expect: fail codes=grad_mode_changed
import torch

def extract_features(backbone, loader):
    guard = torch.no_grad()
    guard.__enter__()
    mode = backbone.training
    backbone.eval()
    f = []
    l = []
    for x, y in loader:
        f.append(backbone(x).cpu())
        l.append(y.cpu())
    backbone.train(mode)
    return torch.cat(f), torch.cat(l)
