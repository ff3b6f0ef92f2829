# expect: pass
import torch


def training_setup(model, lr, total_steps):
    with torch.no_grad():
        for p in (model.positions, model.cls_token):
            p.normal_(std=0.02)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    return optimizer, torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=total_steps + 1, pct_start=0.1, cycle_momentum=False)
