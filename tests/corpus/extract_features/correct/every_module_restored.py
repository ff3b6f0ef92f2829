# expect: pass
import torch


def extract_features(backbone, loader):
    """Frozen parts of a fine-tuned model may be in eval mode while the rest is not: restore each module."""
    modes = {module: module.training for module in backbone.modules()}
    backbone.eval()
    xs, ys = [], []
    with torch.no_grad():
        for x, y in loader:
            xs.append(backbone(x).detach().cpu())
            ys.append(torch.as_tensor(y).cpu())
    for module, mode in modes.items():
        module.training = mode
    return torch.cat(xs), torch.cat(ys)
