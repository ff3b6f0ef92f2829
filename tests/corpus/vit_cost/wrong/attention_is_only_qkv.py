# expect: fail codes=output_projection_forgotten
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    N = (image_size // patch_size) ** 2
    T, D, M, K = N + 1, embed_dim, hidden_dim, num_classes
    e = num_channels * patch_size ** 2
    block = 3 * D * D + 3 * D + 2 * D * M + M + D + 4 * D
    parameters = e * D + D + T * D + num_layers * block + 2 * D + D * K + K
    macs = N * e * D + num_layers * (3 * T * D * D + 2 * T * T * D + 2 * T * D * M) + D * K
    return {"tokens": T, "parameters": parameters, "forward_macs": macs}
