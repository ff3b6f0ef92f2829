# expect: pass
def _parameters(T, patch, D, M, L, K):
    linear = lambda i, o: i * o + o
    norm = 2 * D
    block = 4 * linear(D, D) + linear(D, M) + linear(M, D) + 2 * norm
    return patch * D + D + T * D + L * block + norm + linear(D, K)


def _macs(T, patch, D, M, L, K):
    attention = T * D * (4 * D + 2 * T)
    mlp = T * 2 * D * M
    return (T - 1) * patch * D + L * (attention + mlp) + D * K


def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    assert image_size % patch_size == 0, "patches have to fit"
    tokens = 1 + (image_size // patch_size) ** 2
    args = tokens, num_channels * patch_size ** 2, embed_dim, hidden_dim, num_layers, num_classes
    return {"tokens": tokens, "parameters": _parameters(*args), "forward_macs": _macs(*args)}
