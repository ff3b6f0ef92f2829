# expect: fail codes=head_on_all_tokens
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    N = (image_size // patch_size) ** 2
    T = N + 1
    D = embed_dim
    patch = num_channels * patch_size * patch_size
    per_block = 4 * (D * D + D) + (D * hidden_dim + hidden_dim) + (hidden_dim * D + D) + 2 * 2 * D
    params = patch * D + D + T * D + num_layers * per_block + 2 * D + D * num_classes + num_classes
    macs = N * patch * D + num_layers * (4 * T * D * D + 2 * T * T * D + 2 * T * D * hidden_dim) + T * D * num_classes
    return {"tokens": T, "parameters": params, "forward_macs": macs}
