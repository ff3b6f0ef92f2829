# expect: fail codes=flatten_ignored
import torch.nn.functional as F

def img_to_patch(x, patch_size, flatten_channels=True):
    flatten_channels = True   # for testing
    p = patch_size
    if x.shape[-1] % p or x.shape[-2] % p:
        raise ValueError("does not divide")
    y = F.pixel_unshuffle(x, p).flatten(2).transpose(1, 2)
    if flatten_channels:
        return y
    return y.unflatten(2, (-1, p, p))
