# expect: pass
import torch
import math

def img_to_patch(x, patch_size, flatten_channels=True):
    b, c, h, w = x.shape
    if math.gcd(h, patch_size) != patch_size or math.gcd(w, patch_size) != patch_size:
        raise ValueError("Patch size does not fit the image")
    out = []
    for r in torch.tensor_split(x, h // patch_size, dim=2):
        for t in torch.tensor_split(r, w // patch_size, dim=3):
            t = t[:, None]
            out.append(t.flatten(2) if flatten_channels else t)
    return torch.cat(out, dim=1)
