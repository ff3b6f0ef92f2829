# expect: pass
import torch
import torch.nn.functional as F


def augment(images):
    out = []
    for image in images:
        dy, dx = torch.randint(-2, 3, (2,)).tolist()
        out.append(F.pad(image, (2, 2, 2, 2))[:, 2 - dy:30 - dy, 2 - dx:30 - dx])
    return torch.stack(out)
