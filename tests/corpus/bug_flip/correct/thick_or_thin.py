# expect: pass
import torch
import torch.nn.functional as F

def augment(images):
    """Pens differ: some strokes become one pixel thicker; all move a little."""
    out = []
    for image in images:
        if torch.rand(()) < 0.5:
            image = F.max_pool2d(image[None], 2, stride=1, padding=1)[0, :, :28, :28]
        out.append(torch.roll(image, tuple(torch.randint(-2, 3, (2,)).tolist()), (1, 2)))
    return torch.stack(out)
