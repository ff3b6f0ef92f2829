# expect: fail codes=digits_lost
import torch
from torchvision.transforms import v2


def augment(images):
    turn = v2.RandomAffine(0, translate=(0.9, 0.9))
    return torch.stack([turn(image) for image in images])
