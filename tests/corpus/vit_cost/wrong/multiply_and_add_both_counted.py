# expect: fail codes=flops_not_macs
def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    def flops(n, a, b):
        return 2 * n * a * b

    N = (image_size // patch_size) ** 2
    T, D, M, K = N + 1, embed_dim, hidden_dim, num_classes
    e = num_channels * patch_size ** 2
    parameters = e * D + D + T * D + num_layers * (4 * D * D + 9 * D + 2 * D * M + M) + 2 * D + D * K + K
    block = flops(T, D, 3 * D) + flops(T, D, T) + flops(T, T, D) + flops(T, D, D) + flops(T, D, M) + flops(T, M, D)
    return {"tokens": T, "parameters": parameters, "forward_macs": flops(N, e, D) + num_layers * block + flops(1, D, K)}
