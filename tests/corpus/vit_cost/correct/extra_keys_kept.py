# expect: pass
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    cost = {}
    cost["patches"] = (image_size // patch_size) ** 2
    cost["tokens"] = cost["patches"] + 1
    cost["patch_dim"] = num_channels * patch_size ** 2
    cost["block_parameters"] = (4 * embed_dim ** 2 + 4 * embed_dim
                                + 2 * embed_dim * hidden_dim + hidden_dim + embed_dim + 4 * embed_dim)
    cost["parameters"] = (cost["patch_dim"] * embed_dim + embed_dim + cost["tokens"] * embed_dim
                          + num_layers * cost["block_parameters"]
                          + 2 * embed_dim + embed_dim * num_classes + num_classes)
    t = cost["tokens"]
    cost["block_macs"] = 4 * t * embed_dim ** 2 + 2 * t ** 2 * embed_dim + 2 * t * embed_dim * hidden_dim
    cost["forward_macs"] = (cost["patches"] * cost["patch_dim"] * embed_dim
                            + num_layers * cost["block_macs"] + embed_dim * num_classes)
    return cost
