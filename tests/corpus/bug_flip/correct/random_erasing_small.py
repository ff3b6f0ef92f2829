# expect: pass
import torch
from torchvision.transforms import v2


def augment(images):
    change = v2.Compose([v2.RandomAffine(8, translate=(0.07, 0.07), scale=(0.9, 1.1), shear=5), v2.RandomErasing(p=0.3, scale=(0.01, 0.03))])
    return torch.stack([change(image) for image in images])
