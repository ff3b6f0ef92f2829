# expect: pass
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    # number of tokens
    patches = (image_size / patch_size) ** 2
    tokens = patches + 1

    params_embedding = patch_size ** 2 * num_channels * embed_dim + embed_dim + tokens * embed_dim
    params_block = (3 * embed_dim ** 2 + 3 * embed_dim) + (embed_dim ** 2 + embed_dim) \
        + (embed_dim * hidden_dim + hidden_dim) + (hidden_dim * embed_dim + embed_dim) + 2 * 2 * embed_dim
    params_head = 2 * embed_dim + embed_dim * num_classes + num_classes
    params = params_embedding + num_layers * params_block + params_head

    macs_embedding = patches * (patch_size ** 2 * num_channels) * embed_dim
    macs_attention = 4 * tokens * embed_dim ** 2 + 2 * tokens ** 2 * embed_dim
    macs_mlp = 2 * tokens * embed_dim * hidden_dim
    macs = macs_embedding + num_layers * (macs_attention + macs_mlp) + embed_dim * num_classes
    return {"tokens": tokens, "parameters": params, "forward_macs": macs}
