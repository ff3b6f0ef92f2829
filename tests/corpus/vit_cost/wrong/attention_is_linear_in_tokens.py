# expect: fail codes=attention_products_forgotten
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    N = (image_size // patch_size) ** 2
    T, D, M = N + 1, embed_dim, hidden_dim
    e = num_channels * patch_size ** 2
    parameters = e * D + D + T * D + num_layers * (4 * D * D + 4 * D + 2 * D * M + M + D + 4 * D) + 2 * D + D * num_classes + num_classes
    # every Linear is used once per token
    macs = N * e * D + num_layers * T * (4 * D * D + 2 * D * M) + D * num_classes
    return {"tokens": T, "parameters": parameters, "forward_macs": macs}
