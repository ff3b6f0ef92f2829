# expect: pass
import numpy as np

def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    D, M = embed_dim, hidden_dim
    tokens = np.square(image_size // patch_size) + 1
    shapes = np.array([[D, 3 * D], [D, D], [D, M], [M, D]], dtype=np.int64)
    weights = np.prod(shapes, axis=1).sum()
    biases = shapes[:, 1].sum()
    patch = num_channels * patch_size ** 2
    parameters = patch * D + D + tokens * D + num_layers * (weights + biases + 4 * D) + 2 * D + D * num_classes + num_classes
    macs = (tokens - 1) * patch * D + num_layers * (tokens * weights + 2 * tokens ** 2 * D) + D * num_classes
    return {"tokens": int(tokens), "parameters": int(parameters), "forward_macs": int(macs)}
