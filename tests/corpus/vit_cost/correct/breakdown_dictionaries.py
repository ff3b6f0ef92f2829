# expect: pass
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    side = image_size // patch_size
    T = side * side + 1
    D = embed_dim

    params = {
        "patch projection": num_channels * patch_size ** 2 * D,
        "class token": D,
        "positions": T * D,
        "attention": num_layers * 4 * (D * D + D),
        "mlp": num_layers * (D * hidden_dim + hidden_dim + hidden_dim * D + D),
        "layer norms": (2 * num_layers + 1) * 2 * D,
        "head": (D + 1) * num_classes,
    }
    macs = {
        "projection": (T - 1) * num_channels * patch_size ** 2 * D,
        "qkv": num_layers * T * D * 3 * D,
        "scores": num_layers * T * T * D,
        "mix": num_layers * T * T * D,
        "output projection": num_layers * T * D * D,
        "MLP": num_layers * T * D * hidden_dim * 2,
        "head": D * num_classes,
    }
    return {"tokens": T, "parameters": sum(params.values()), "forward_macs": sum(macs.values())}
