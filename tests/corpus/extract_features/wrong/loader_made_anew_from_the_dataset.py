# expect: fail codes=order_changed
import torch
from torch.utils.data import DataLoader


def extract_features(backbone, loader):
    was = backbone.training
    backbone.eval()
    with torch.no_grad():
        out = [(backbone(x).cpu(), y.cpu()) for x, y in DataLoader(loader.dataset, batch_size=64)]
    backbone.train(was)
    return torch.cat([a for a, _ in out]), torch.cat([b for _, b in out])
