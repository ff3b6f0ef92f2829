# expect: fail codes=no_divisibility_error
import torch

def img_to_patch(x, patch_size, flatten_channels=True):
    p = patch_size
    h = x.shape[2] // p
    w = x.shape[3] // p
    tiles = [x[:, :, i*p:(i+1)*p, j*p:(j+1)*p] for i in range(h) for j in range(w)]
    y = torch.stack(tiles, 1)
    if flatten_channels:
        y = y.flatten(2)
    return y
