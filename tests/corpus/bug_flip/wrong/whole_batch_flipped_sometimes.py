# expect: fail codes=mirrored
import torch
from torchvision.transforms import v2


def augment(images):
    turn = v2.RandomAffine(10, translate=(0.1, 0.1))
    out = torch.stack([turn(image) for image in images])
    return out.flip(-1) if torch.rand(()) < 0.5 else out
