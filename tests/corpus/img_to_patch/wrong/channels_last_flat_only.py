# expect: fail codes=channels_last_in_patch
import torch.nn.functional as F


def img_to_patch(x, patch_size, flatten_channels=True):
    B, C, H, W = x.shape
    p = patch_size
    if H % p or W % p:
        raise ValueError("patch size")
    patches = F.unfold(x, p, stride=p).transpose(1, 2).reshape(B, -1, C, p, p)
    if flatten_channels:
        # RGB triples next to each other
        return patches.permute(0, 1, 3, 4, 2).flatten(2)
    return patches
