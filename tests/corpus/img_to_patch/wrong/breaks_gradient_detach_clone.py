# expect: fail codes=breaks_gradient
import torch.nn.functional as F

def img_to_patch(x, patch_size, flatten_channels=True):
    x = x.detach().clone()   # so that the original is safe
    b, c, h, w = x.shape
    if h % patch_size or w % patch_size:
        raise ValueError(f"{patch_size} does not divide {h} and {w}")
    y = F.unfold(x, (patch_size, patch_size), stride=(patch_size, patch_size)).transpose(1, 2)
    return y if flatten_channels else y.reshape(b, -1, c, patch_size, patch_size)
