# expect: pass
import torch
from torchvision.transforms import v2


def augment(images):
    change = v2.Compose([v2.RandomAffine(10, translate=(0.1, 0.1)), v2.RandomErasing(p=0.5, scale=(0.02, 0.1), value=1)])
    return torch.stack([change(image) for image in images])
