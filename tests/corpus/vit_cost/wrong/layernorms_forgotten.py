# expect: fail codes=norms_forgotten
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    N = (image_size // patch_size) ** 2
    T, D, M, K = N + 1, embed_dim, hidden_dim, num_classes
    patch = num_channels * patch_size ** 2
    attention = 4 * (D + 1) * D
    mlp = (D + 1) * M + (M + 1) * D
    return {
        "tokens": T,
        "parameters": patch * D + D + T * D + num_layers * (attention + mlp) + (D + 1) * K,
        "forward_macs": N * patch * D + num_layers * (4 * T * D * D + 2 * T * T * D + 2 * T * D * M) + D * K,
    }
