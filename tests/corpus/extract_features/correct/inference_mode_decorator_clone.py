# expect: pass
import torch


def extract_features(backbone, loader):
    mode = backbone.training
    features, labels = _run(backbone.eval(), loader)
    backbone.train(mode)
    return features.clone(), labels.clone()      # a tensor made in inference mode cannot train a probe


@torch.inference_mode()
def _run(backbone, loader):
    parts = [[], []]
    for x, y in loader:
        parts[0].append(backbone(x).cpu())
        parts[1].append(y.cpu())
    return torch.cat(parts[0]), torch.cat(parts[1])
