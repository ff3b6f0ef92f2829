# expect: fail codes=upside_down
import torch


def augment(images):
    return torch.stack([torch.rot90(image, 1 if torch.rand(()) < 0.5 else -1, (1, 2)) if torch.rand(()) < 0.5 else image for image in images])
