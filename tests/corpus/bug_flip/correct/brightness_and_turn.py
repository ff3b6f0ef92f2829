# expect: pass
import torch
from torchvision.transforms import v2

def augment(images):
    turned = torch.stack([v2.RandomRotation(8, interpolation=v2.InterpolationMode.BILINEAR)(one) for one in images])
    ink = 0.8 + 0.2 * torch.rand(len(images), 1, 1, 1)
    return turned * ink.to(turned)
