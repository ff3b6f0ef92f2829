# expect: fail codes=unknown
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    N = (image_size // patch_size) ** 2
    T, D, K = N + 1, embed_dim, num_classes
    patch = num_channels * patch_size ** 2
    block = 12 * D * D + 13 * D            # the well-known formula
    parameters = patch * D + D + T * D + num_layers * block + 2 * D + D * K + K
    macs = N * patch * D + num_layers * (12 * T * D * D + 2 * T * T * D) + D * K
    return {"tokens": T, "parameters": parameters, "forward_macs": macs}
