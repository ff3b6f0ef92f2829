# expect: fail codes=mirrored
import torch


def augment(images):
    return torch.stack([image.transpose(1, 2) if torch.rand(()) < 0.5 else image for image in images])
