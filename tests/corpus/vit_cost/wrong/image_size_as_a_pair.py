# expect: fail codes=raises
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    H, W = image_size
    T = (H // patch_size) * (W // patch_size) + 1
    D, M, K = embed_dim, hidden_dim, num_classes
    e = num_channels * patch_size ** 2
    parameters = e * D + D + T * D + num_layers * (4 * D * D + 9 * D + 2 * D * M + M) + 2 * D + D * K + K
    macs = (T - 1) * e * D + num_layers * (4 * T * D * D + 2 * T * T * D + 2 * T * D * M) + D * K
    return {"tokens": T, "parameters": parameters, "forward_macs": macs}
