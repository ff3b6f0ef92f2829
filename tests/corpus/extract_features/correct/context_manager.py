# expect: pass
from contextlib import contextmanager

import torch


@contextmanager
def evaluating(model):
    mode = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield model
    finally:
        model.train(mode)


def extract_features(backbone, loader):
    with evaluating(backbone) as model:
        out = [(model(x).cpu(), y.cpu()) for x, y in loader]
    return tuple(torch.cat(part) for part in zip(*out))
