# expect: pass
import torch


def extract_features(backbone, loader):
    # one image at a time, my laptop has little memory
    state = backbone.training
    backbone.eval()
    feature_list, label_list = [], []
    with torch.no_grad():
        for images, labels in loader:
            for i in range(len(images)):
                f = backbone(images[i:i + 1])
                feature_list.append(f[0].cpu())
                label_list.append(labels[i].cpu())
    backbone.train(state)
    return torch.stack(feature_list), torch.stack(label_list)
