# expect: fail codes=norms_forgotten
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    """One bias D for query, key and value together."""
    D, M, K, L = embed_dim, hidden_dim, num_classes, num_layers
    T = (image_size // patch_size) ** 2 + 1
    P = num_channels * patch_size**2
    block = 4 * D + (3 * D * D + D) + (D * D + D) + (D * M + M) + (M * D + D)
    parameters = D * P + D + T * D + L * block + 2 * D + K * D + K
    macs = (T - 1) * P * D + L * (4 * T * D * D + 2 * T * T * D + 2 * T * D * M) + D * K
    return {"forward_macs": macs, "parameters": parameters, "tokens": T}
