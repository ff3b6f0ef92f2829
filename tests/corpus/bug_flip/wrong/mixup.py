# expect: fail codes=images_exchanged
import torch
from torchvision.transforms import v2

def augment(images):
    t = v2.RandomAffine(10, translate=(0.1, 0.1))
    x = torch.stack([t(image) for image in images])
    return 0.6 * x + 0.4 * x[torch.randperm(len(x))]
