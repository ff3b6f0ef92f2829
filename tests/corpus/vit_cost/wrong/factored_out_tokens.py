# expect: fail codes=class_token_projected
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    tokens = 1 + (image_size // patch_size) ** 2
    D = embed_dim
    patch = num_channels * patch_size * patch_size
    linear_in = patch * D + D                          # with bias, as nn.Linear has by default
    block = 4 * (D * D + D) + D * hidden_dim + hidden_dim + hidden_dim * D + D + 4 * D
    parameters = linear_in + D + tokens * D + num_layers * block + 2 * D + D * num_classes + num_classes
    per_token = patch * D + num_layers * (4 * D * D + 2 * D * hidden_dim + 2 * tokens * D)
    return {"tokens": tokens, "parameters": parameters, "forward_macs": tokens * per_token + D * num_classes}
