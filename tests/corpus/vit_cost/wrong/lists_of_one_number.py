# expect: fail codes=wrong_shape
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    N = (image_size // patch_size) ** 2
    T, D, M, K, E = N + 1, embed_dim, hidden_dim, num_classes, num_channels * patch_size ** 2
    p = E * D + D + T * D + num_layers * (4 * D * D + 4 * D + 2 * D * M + M + D + 4 * D) + 2 * D + D * K + K
    m = N * E * D + num_layers * (4 * T * D * D + 2 * T * T * D + 2 * T * D * M) + D * K
    return dict(tokens=[T], parameters=[p], forward_macs=[m])
