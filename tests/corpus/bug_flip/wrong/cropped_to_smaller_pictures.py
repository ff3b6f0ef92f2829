# expect: fail codes=wrong_shape
import torch
from torchvision.transforms import v2


def augment(images):
    crop = v2.RandomCrop(24)
    return torch.stack([crop(image) for image in images])
