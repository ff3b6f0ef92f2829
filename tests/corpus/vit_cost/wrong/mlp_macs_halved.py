# expect: fail codes=mlp_counted_once
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    side = image_size // patch_size
    T = side ** 2 + 1
    D = embed_dim
    e = num_channels * patch_size ** 2
    params_block = 4 * (D * D + D) + (D * hidden_dim + hidden_dim) + (hidden_dim * D + D) + 4 * D
    macs_block = T * D * (3 * D) + T * T * D + T * T * D + T * D * D + T * D * hidden_dim
    return dict(tokens=T,
                parameters=e * D + D + T * D + num_layers * params_block + 2 * D + D * num_classes + num_classes,
                forward_macs=side ** 2 * e * D + num_layers * macs_block + D * num_classes)
