# expect: pass
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    p = patch_size
    h, w = x.size(-2), x.size(-1)
    if h % p != 0 or w % p != 0:
        raise ValueError("Height and width need to be divisible by the patch size, got %dx%d and %d" % (h, w, p))
    x = x.unflatten(3, (w // p, p)).unflatten(2, (h // p, p))     # b c nh p nw p
    x = x.movedim((2, 4), (1, 2))                                 # b nh nw c p p
    x = x.flatten(1, 2)
    return torch.flatten(x, 2, -1) if flatten_channels else x
