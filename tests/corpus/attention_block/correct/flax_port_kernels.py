# expect: pass
import torch
from torch import nn
import torch.nn.functional as F

def dense_general(*shape, fan_in):
    return nn.Parameter(torch.randn(*shape) * fan_in ** -0.5)

class LN(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.register_parameter("scale", nn.Parameter(torch.ones(d)))
        self.register_parameter("bias", nn.Parameter(torch.zeros(d)))
    def forward(self, x):
        mu = x.mean(-1, keepdim=True)
        var = (x * x).mean(-1, keepdim=True) - mu * mu
        return (x - mu) * torch.rsqrt(torch.clamp(var, min=0) + 1e-6) * self.scale + self.bias

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        D, H, K = embed_dim, num_heads, embed_dim // num_heads
        self.rate = dropout
        self.LayerNorm_0, self.LayerNorm_1 = LN(D), LN(D)
        self.query, self.key, self.value = (dense_general(D, H, K, fan_in=D) for _ in range(3))
        self.query_bias, self.key_bias, self.value_bias = (nn.Parameter(torch.zeros(H, K)) for _ in range(3))
        self.out, self.out_bias = dense_general(H, K, D, fan_in=D), nn.Parameter(torch.zeros(D))
        self.Dense_0 = nn.ParameterDict({"kernel": dense_general(D, hidden_dim, fan_in=D), "bias": nn.Parameter(torch.zeros(hidden_dim))})
        self.Dense_1 = nn.ParameterDict({"kernel": dense_general(hidden_dim, D, fan_in=hidden_dim), "bias": nn.Parameter(torch.zeros(D))})

    def drop(self, x):
        return F.dropout(x, self.rate, training=self.training)

    def forward(self, inputs):
        y = self.LayerNorm_0(inputs)
        q = torch.einsum("btd,dhk->bthk", y, self.query) + self.query_bias
        k = torch.einsum("btd,dhk->bthk", y, self.key) + self.key_bias
        v = torch.einsum("btd,dhk->bthk", y, self.value) + self.value_bias
        q = q / q.shape[-1] ** 0.5
        w = torch.einsum("bqhk,bshk->bhqs", q, k).softmax(-1)
        y = torch.einsum("bhqs,bshk->bqhk", w, v)
        y = torch.einsum("bqhk,hkd->bqd", y, self.out) + self.out_bias
        x = inputs + self.drop(y)
        y = self.LayerNorm_1(x)
        y = F.gelu(y @ self.Dense_0["kernel"] + self.Dense_0["bias"], approximate="tanh")
        y = self.drop(y) @ self.Dense_1["kernel"] + self.Dense_1["bias"]
        return x + self.drop(y)
