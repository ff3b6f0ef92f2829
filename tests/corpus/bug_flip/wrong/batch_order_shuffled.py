# expect: fail codes=images_exchanged
import torch
from torchvision.transforms import v2


def augment(images):
    turn = v2.RandomAffine(10, translate=(0.1, 0.1))
    return torch.stack([turn(image) for image in images])[torch.randperm(len(images))]
