# expect: pass
from math import prod


def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    N = (image_size // patch_size) ** 2
    T, D, M = N + 1, embed_dim, hidden_dim
    pixels = num_channels * patch_size * patch_size

    outside = [(pixels, D), (1, 1, D), (1, T, D), (D,), (D,), (D, num_classes), (num_classes,)]
    inside = [(D,), (D,), (3 * D, D), (3 * D,), (D, D), (D,), (D,), (D,), (M, D), (M,), (D, M), (D,)]
    parameters = sum(map(prod, outside)) + num_layers * sum(map(prod, inside))

    products_outside = [(N, pixels, D), (1, D, num_classes)]
    products_inside = [(T, D, 3 * D), (T, D, T), (T, T, D), (T, D, D), (T, D, M), (T, M, D)]
    macs = sum(map(prod, products_outside)) + num_layers * sum(map(prod, products_inside))
    return {"tokens": T, "parameters": parameters, "forward_macs": macs}
