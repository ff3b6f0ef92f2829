# expect: fail codes=upside_down
import torch
from torchvision.transforms import v2


def augment(images):
    return torch.stack([v2.Compose([v2.RandomVerticalFlip(), v2.RandomAffine(10, translate=(0.1, 0.1))])(image) for image in images])
