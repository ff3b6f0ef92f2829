# expect: pass
import torch

def extract_features(backbone, loader):
    # remember if we were in train mode
    mode = backbone.training
    backbone.eval()
    feats = []
    labs = []
    for batch in loader:
        x = batch[0]
        y = batch[1]
        z = backbone(x)
        z = z.detach().cpu()
        feats.append(z)
        labs.append(y.cpu())
    if mode == True:
        backbone.train()
    else:
        backbone.eval()
    feats = torch.cat(feats, dim=0)
    labs = torch.cat(labs, dim=0)
    return feats, labs
