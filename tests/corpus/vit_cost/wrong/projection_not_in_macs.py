# expect: fail codes=projection_forgotten
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    N = (image_size // patch_size) ** 2
    T, D, M, K = N + 1, embed_dim, hidden_dim, num_classes
    e = num_channels * patch_size ** 2
    parameters = e * D + D + T * D + num_layers * (4 * D * D + 9 * D + 2 * D * M + M) + 2 * D + D * K + K
    macs = num_layers * (4 * T * D * D + 2 * T * T * D + 2 * T * D * M) + D * K
    return {"tokens": T, "parameters": parameters, "forward_macs": macs}
