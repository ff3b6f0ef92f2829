# expect: fail codes=grid_not_squared
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    patches = image_size / patch_size
    tokens = int(patches) + 1
    patch_dim = num_channels * patch_size ** 2
    D, M = embed_dim, hidden_dim
    block_params = 3 * (D * D + D) + (D * D + D) + (D * M + M) + (M * D + D) + 2 * D + 2 * D
    block_macs = 3 * tokens * D * D + tokens * tokens * D * 2 + tokens * D * D + 2 * tokens * D * M
    return {
        "tokens": tokens,
        "parameters": patch_dim * D + D + tokens * D + num_layers * block_params + 2 * D + (D + 1) * num_classes,
        "forward_macs": (tokens - 1) * patch_dim * D + num_layers * block_macs + D * num_classes,
    }
