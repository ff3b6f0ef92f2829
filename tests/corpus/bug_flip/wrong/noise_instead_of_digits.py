# expect: fail codes=digits_lost
import torch


def augment(images):
    return torch.rand_like(images)
