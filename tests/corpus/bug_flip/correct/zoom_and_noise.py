# expect: pass
import torch
from torchvision.transforms import v2


def augment(images):
    zoom = v2.RandomAffine(0, scale=(0.9, 1.1))
    out = torch.stack([zoom(image) for image in images])
    return (out + 0.02 * torch.randn_like(out)).clamp(0, 1)
