# expect: fail codes=inverted
import torch


def augment(images):
    return torch.where(torch.rand(len(images), 1, 1, 1) < 0.5, 1 - images, images)
