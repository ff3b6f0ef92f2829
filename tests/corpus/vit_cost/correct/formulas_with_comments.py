# expect: pass
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    """What a ViT costs, before anybody builds it."""
    C, p, D, M, L, K = num_channels, patch_size, embed_dim, hidden_dim, num_layers, num_classes
    N = (image_size // p) ** 2      # patches
    T = N + 1                       # and the class token

    # parameters
    projection = C * p * p * D              # no bias, see notebook 03
    class_token = D
    positions = T * D
    attention = 4 * D * D + 4 * D
    mlp = 2 * D * M + M + D
    norms = 4 * D
    head = 2 * D + D * K + K
    parameters = projection + class_token + positions + L * (attention + mlp + norms) + head

    # multiply-accumulates
    macs = N * C * p * p * D
    macs += L * (3 * T * D * D)         # qkv
    macs += L * (T * T * D)             # scores
    macs += L * (T * T * D)             # mix
    macs += L * (T * D * D)             # output projection
    macs += L * (2 * T * D * M)         # MLP
    macs += D * K                       # head reads one token
    return {"tokens": T, "parameters": parameters, "forward_macs": macs}
