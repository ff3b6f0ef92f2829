# expect: fail codes=not_one_pass
import torch

@torch.no_grad()
def extract_features(backbone, loader):
    was = backbone.training
    backbone.eval()
    x, _ = next(iter(loader))
    width = backbone(x).shape[1]
    f, l = torch.empty(0, width), torch.empty(0, dtype=torch.long)
    for x, y in loader:
        f, l = torch.cat([f, backbone(x).cpu()]), torch.cat([l, y.cpu()])
    backbone.train(was)
    return f, l
