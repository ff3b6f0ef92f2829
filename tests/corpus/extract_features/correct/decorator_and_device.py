# expect: pass
import torch


@torch.no_grad()
def extract_features(backbone, loader):
    """Runs every image through the backbone once and keeps the features on the CPU."""
    device = next(backbone.parameters()).device
    mode = backbone.training
    backbone.eval()
    all_features = []
    all_labels = []
    for images, targets in loader:
        images = images.to(device)
        all_features.append(backbone(images).cpu())
        all_labels.append(targets.cpu())
    backbone.train(mode)
    return torch.cat(all_features, dim=0), torch.cat(all_labels, dim=0)
