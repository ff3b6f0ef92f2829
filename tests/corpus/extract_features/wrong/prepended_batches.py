# expect: fail codes=order_changed
import torch

def extract_features(backbone, loader):
    was = backbone.training
    backbone.eval()
    F, Y = torch.empty(0), torch.empty(0, dtype=torch.long)
    with torch.no_grad():
        for x, y in loader:
            F = torch.cat([backbone(x).cpu(), F]) if len(F) else backbone(x).cpu()
            Y = torch.cat([y, Y])
    backbone.train(was)
    return F, Y
