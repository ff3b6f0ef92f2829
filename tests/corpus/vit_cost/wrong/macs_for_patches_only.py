# expect: fail codes=class_token_forgotten
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    n = (image_size // patch_size) ** 2
    d = embed_dim
    e = num_channels * patch_size ** 2
    params = e * d + d + (n + 1) * d + num_layers * (4 * d * d + 9 * d + 2 * d * hidden_dim + hidden_dim) + 2 * d + d * num_classes + num_classes
    macs = n * e * d
    for _ in range(num_layers):
        macs += n * d * 3 * d + n * n * d + n * n * d + n * d * d + 2 * n * d * hidden_dim
    macs += d * num_classes
    return {"tokens": n + 1, "parameters": params, "forward_macs": macs}
