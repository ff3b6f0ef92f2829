# expect: pass
import torch
from torchvision.transforms import v2


def augment(images):
    change = v2.Compose([v2.RandomRotation(15), v2.RandomPerspective(0.2, p=0.5)])
    return torch.stack([change(image) for image in images])
