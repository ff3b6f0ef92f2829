# expect: pass
import torch

def extract_features(backbone, loader):
    before = backbone.training
    backbone.eval()
    f, l = [], []
    for img, lab in loader:
        with torch.inference_mode():
            out = backbone(img)
        f.append(out.to("cpu"))
        l.append(lab.to("cpu"))
    if before:
        backbone.train()
    return torch.cat(f), torch.cat(l)
