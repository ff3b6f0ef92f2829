# expect: pass
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    n, d, m, k = (image_size // patch_size) ** 2, embed_dim, hidden_dim, num_classes
    t, e = n + 1, num_channels * patch_size ** 2
    return {
        'tokens': t,
        'parameters': e * d + d * (1 + t) + num_layers * (4 * d * d + 2 * d * m + 9 * d + m) + d * (2 + k) + k,
        'forward_macs': n * e * d + num_layers * 2 * t * d * (2 * d + t + m) + d * k,
    }
