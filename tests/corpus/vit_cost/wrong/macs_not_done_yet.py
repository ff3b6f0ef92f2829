# expect: fail codes=missing_keys
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    tokens = (image_size // patch_size) ** 2 + 1
    D = embed_dim
    block = 4 * D * D + 4 * D + 2 * D * hidden_dim + hidden_dim + D + 4 * D
    parameters = num_channels * patch_size ** 2 * D + D + tokens * D + num_layers * block + 2 * D + D * num_classes + num_classes
    return {"tokens": tokens, "parameters": parameters}
