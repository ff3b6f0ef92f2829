# expect: fail codes=embeddings_not_lowest
def layerwise_lr_groups(model, lr, decay):
    # freeze the embeddings instead
    L = len(model.blocks)
    groups = [{"params": [*model.head.parameters(), *model.norm.parameters()], "lr": lr}]
    for i, block in enumerate(model.blocks):
        groups.append({"params": list(block.parameters()), "lr": lr * decay ** (L - i)})
    groups.append({"params": [*model.project.parameters(), model.cls_token, model.positions], "lr": lr})
    for p in groups[-1]["params"]:
        p.requires_grad_(False)
    return groups
