# expect: fail codes=upside_down
import torch


def augment(images):
    return torch.stack([torch.rot90(image, int(torch.randint(4, ())), (1, 2)) for image in images])
