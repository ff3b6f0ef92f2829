# expect: pass
import torch
from torchvision.transforms import v2


def augment(images):
    change = v2.Compose([v2.ElasticTransform(alpha=20.0, sigma=4.0), v2.GaussianBlur(3, (0.1, 1.0))])
    return torch.stack([change(image) for image in images])
