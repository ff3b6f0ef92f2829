# expect: fail codes=upside_down
import torch
from torchvision.transforms import v2


def augment(images):
    turn = v2.RandomRotation(90)
    return torch.stack([turn(image) for image in images])
