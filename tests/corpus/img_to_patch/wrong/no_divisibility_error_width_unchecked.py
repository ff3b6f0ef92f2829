# expect: fail codes=no_divisibility_error
import torch.nn.functional as F

def img_to_patch(x, patch_size, flatten_channels=True):
    if x.shape[2] % patch_size != 0:
        raise ValueError("x is not divisible by patch_size")
    y = F.unfold(x, patch_size, stride=patch_size).permute(0, 2, 1)
    return y if flatten_channels else y.unflatten(-1, (x.shape[1], patch_size, patch_size))
