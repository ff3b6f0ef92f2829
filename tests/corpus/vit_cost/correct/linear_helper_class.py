# expect: pass
from dataclasses import dataclass


@dataclass
class Product:
    """[rows, inner] @ [inner, out], perhaps with weights and a bias."""
    rows: int
    inner: int
    out: int
    weight: bool = True
    bias: bool = True

    @property
    def macs(self):
        return self.rows * self.inner * self.out

    @property
    def parameters(self):
        return self.weight * (self.inner * self.out + self.bias * self.out)


def vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes):
    n = (image_size // patch_size) ** 2
    t = n + 1
    block = [
        Product(t, embed_dim, 3 * embed_dim),
        Product(t, embed_dim, t, weight=False),
        Product(t, t, embed_dim, weight=False),
        Product(t, embed_dim, embed_dim),
        Product(t, embed_dim, hidden_dim),
        Product(t, hidden_dim, embed_dim),
    ]
    products = [Product(n, num_channels * patch_size ** 2, embed_dim, bias=False), *block * num_layers,
                Product(1, embed_dim, num_classes)]
    vectors = 1 + t + 2 * (2 * num_layers + 1)      # class token, positions, scale and shift of every LayerNorm
    return {"tokens": t,
            "parameters": sum(p.parameters for p in products) + vectors * embed_dim,
            "forward_macs": sum(p.macs for p in products)}
