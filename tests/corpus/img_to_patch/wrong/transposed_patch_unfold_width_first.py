# expect: fail codes=transposed_patch
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    if x.shape[2] % patch_size or x.shape[3] % patch_size:
        raise ValueError('patch_size must divide H and W')
    # unfold W, then H: the last two axes are now (column, row)
    t = x.unfold(3, patch_size, patch_size).unfold(2, patch_size, patch_size)
    t = t.permute(0, 2, 3, 1, 4, 5).flatten(1, 2)
    return t.flatten(2) if flatten_channels else t
