# expect: pass
import torch, math
import torch.nn as nn
from torch.nn import functional as F


def norm(t):
    # LayerNorm without learnable weights, the Linear after it can scale
    return F.layer_norm(t, t.shape[-1:])


def attend(q, k, v):
    w = (q @ k.transpose(-1, -2)) / math.sqrt(q.size(-1))
    return w.softmax(dim=-1) @ v


class AttentionBlock(nn.Module):

    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.n_heads = num_heads
        self.layers = nn.ModuleDict({
            "qkv": nn.Linear(embed_dim, embed_dim * 3),
            "merge": nn.Linear(embed_dim, embed_dim, bias=False),
            "expand": nn.Linear(embed_dim, hidden_dim),
            "shrink": nn.Linear(hidden_dim, embed_dim),
            "drop": nn.Dropout(dropout),
        })

    def forward(self, x):
        L = self.layers
        q, k, v = [torch.stack(t.chunk(self.n_heads, -1), 1) for t in L["qkv"](norm(x)).chunk(3, -1)]
        heads = attend(q, k, v)                                     # B h T d
        x = x + L["merge"](torch.cat(heads.unbind(1), dim=-1))
        y = L["drop"](F.gelu(L["expand"](norm(x))))
        y = L["drop"](L["shrink"](y))
        return x + y
