# expect: pass
import math
import torch
import torch.nn.functional as F


def augment(images):
    angle = (torch.rand(len(images)) - 0.5) * math.radians(20)
    shift = (torch.rand(len(images), 2) - 0.5) * 0.2
    theta = torch.stack([torch.stack([angle.cos(), -angle.sin(), shift[:, 0]], 1), torch.stack([angle.sin(), angle.cos(), shift[:, 1]], 1)], 1)
    return F.grid_sample(images, F.affine_grid(theta, images.shape, align_corners=False), align_corners=False)
