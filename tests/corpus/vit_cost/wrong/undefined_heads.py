# expect: fail codes=raises
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    N = (image_size // patch_size) ** 2
    T, D, M, K = N + 1, embed_dim, hidden_dim, num_classes
    d = D // num_heads
    scores = num_heads * T * T * d
    macs = N * num_channels * patch_size ** 2 * D + num_layers * (4 * T * D * D + 2 * scores + 2 * T * D * M) + D * K
    return {"tokens": T, "parameters": 0, "forward_macs": macs}
