# expect: pass
import torch
from torch import nn
from torch.nn import functional as F

def layer_norm(x, g, b):
    var, mean = torch.var_mean(x, dim=-1, keepdim=True, correction=0)
    return torch.addcmul(b, (x - mean) * (var + 1e-6).rsqrt(), g)

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        D, H, M = embed_dim, num_heads, hidden_dim
        self.rate = dropout
        # per head: q, k, v and the head's slice of the output projection
        self.wq = nn.ParameterList([nn.Parameter(torch.randn(D // H, D) / D ** .5) for _ in range(H)])
        self.wk = nn.ParameterList([nn.Parameter(torch.randn(D // H, D) / D ** .5) for _ in range(H)])
        self.wv = nn.ParameterList([nn.Parameter(torch.randn(D // H, D) / D ** .5) for _ in range(H)])
        self.wo = nn.ParameterList([nn.Parameter(torch.zeros(D, D // H)) for _ in range(H)])
        self.g1, self.b1 = nn.Parameter(torch.ones(D)), nn.Parameter(torch.zeros(D))
        self.g2, self.b2 = nn.Parameter(torch.ones(D)), nn.Parameter(torch.zeros(D))
        self.up, self.down = nn.Linear(D, M), nn.Linear(M, D)
    def forward(self, x):
        y = layer_norm(x, self.g1, self.b1)
        out = 0
        for q, k, v, o in zip(self.wq, self.wk, self.wv, self.wo):
            s = F.linear(y, q) @ F.linear(y, k).mT / q.shape[0] ** 0.5
            out = out + F.linear(s.softmax(-1) @ F.linear(y, v), o)
        x = x + out
        y = F.dropout(F.gelu(self.up(layer_norm(x, self.g2, self.b2))), self.rate, self.training)
        return x + F.dropout(self.down(y), self.rate, self.training)
