# expect: fail codes=digits_lost
import torch


def augment(images):
    return images * (torch.rand(len(images), 1, 1, 1) < 0.3)
