# expect: pass
def layerwise_lr_groups(model, lr, decay):
    num_blocks = len(model.blocks)
    # rates[0] is the head, rates[1] the last block, ..., rates[-1] the embeddings
    rates = []
    current = lr
    for i in range(num_blocks + 2):
        rates.append(current)
        current = current * decay

    groups = []
    groups.append({"params": list(model.head.parameters()), "lr": rates[0]})
    groups.append({"params": list(model.norm.parameters()), "lr": rates[0]})
    for i in range(num_blocks):
        block = model.blocks[num_blocks - 1 - i]
        groups.append({"params": list(block.parameters()), "lr": rates[i + 1]})
    groups.append({"params": list(model.project.parameters()), "lr": rates[-1]})
    groups.append({"params": [model.cls_token], "lr": rates[-1]})
    groups.append({"params": [model.positions], "lr": rates[-1]})
    return groups
