# expect: pass
import torch
from torch import nn
import torch.nn.functional as F

class VisionTransformer(nn.Module):
    """All layers in one stacked parameter, as lax.scan likes it."""
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        L, D, M, P = num_layers, embed_dim, hidden_dim, num_channels * patch_size ** 2
        self.heads, self.ps, self.rate = num_heads, patch_size, dropout
        rnd = lambda *s: nn.Parameter(torch.randn(*s) * s[-2] ** -0.5)
        self.stack = nn.ParameterDict({
            "ln1": nn.Parameter(torch.ones(L, D)), "ln2": nn.Parameter(torch.ones(L, D)),
            "wqkv": rnd(L, D, 3 * D), "wo": rnd(L, D, D),
            "w1": rnd(L, D, M), "b1": nn.Parameter(torch.zeros(L, M)), "w2": rnd(L, M, D), "b2": nn.Parameter(torch.zeros(L, D))})
        self.kernel = rnd(P, D)
        self.cls = nn.Parameter(torch.zeros(1, 1, D))
        self.pos = nn.Parameter(torch.randn(1, 1 + num_patches, D) * 0.02)
        self.ln_f = nn.LayerNorm(D)
        self.head = nn.Linear(D, num_classes)

    def _block(self, x, p):
        B, T, D = x.shape
        y = F.layer_norm(x, (D,), p["ln1"])
        q, k, v = (y @ p["wqkv"]).view(B, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, T, D) @ p["wo"]
        x = x + F.dropout(y, self.rate, self.training)
        y = F.gelu(F.layer_norm(x, (D,), p["ln2"]) @ p["w1"] + p["b1"])
        y = F.dropout(y, self.rate, self.training) @ p["w2"] + p["b2"]
        return x + F.dropout(y, self.rate, self.training)

    def forward(self, x):
        B, C, H, W = x.shape
        s = self.ps
        x = x.permute(0, 2, 3, 1).reshape(B, H // s, s, W // s, s, C).swapaxes(2, 3).reshape(B, -1, s * s * C)   # NHWC patches
        x = F.pad(x @ self.kernel, (0, 0, 1, 0))
        x = x + F.one_hot(torch.zeros(1, dtype=torch.long, device=x.device), x.shape[1]).to(x.dtype)[..., None] * self.cls
        x = F.dropout(x + self.pos.narrow(1, 0, x.shape[1]), self.rate, self.training)
        for i in range(self.stack["ln1"].shape[0]):
            x = self._block(x, {k: v[i] for k, v in self.stack.items()})
        return self.head(self.ln_f(x.select(1, 0)))
