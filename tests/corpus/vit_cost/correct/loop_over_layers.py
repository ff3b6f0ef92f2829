# expect: pass
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    num_patches = (image_size // patch_size) * (image_size // patch_size)
    tokens = num_patches + 1
    patch_dim = num_channels * patch_size * patch_size

    parameters = 0
    forward_macs = 0

    parameters += patch_dim * embed_dim
    forward_macs += num_patches * patch_dim * embed_dim

    parameters += embed_dim              # cls
    parameters += tokens * embed_dim     # pos

    for layer in range(num_layers):
        # norm 1 and norm 2
        parameters += 2 * embed_dim
        parameters += 2 * embed_dim
        # q, k, v
        for name in ("q", "k", "v"):
            parameters += embed_dim * embed_dim + embed_dim
            forward_macs += tokens * embed_dim * embed_dim
        # q @ k.T   and  weights @ v
        forward_macs += tokens * embed_dim * tokens
        forward_macs += tokens * tokens * embed_dim
        # output projection
        parameters += embed_dim * embed_dim + embed_dim
        forward_macs += tokens * embed_dim * embed_dim
        # mlp
        parameters += embed_dim * hidden_dim + hidden_dim
        forward_macs += tokens * embed_dim * hidden_dim
        parameters += hidden_dim * embed_dim + embed_dim
        forward_macs += tokens * hidden_dim * embed_dim

    parameters += 2 * embed_dim
    parameters += embed_dim * num_classes + num_classes
    forward_macs += embed_dim * num_classes

    return {
        "tokens": tokens,
        "parameters": parameters,
        "forward_macs": forward_macs,
    }
