# expect: pass
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.h = num_heads
        for n in "qkvo":
            setattr(self, n, nn.Linear(embed_dim, embed_dim))
        self.pre_attn, self.pre_mlp = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)
        self.fc1, self.fc2 = nn.Linear(embed_dim, hidden_dim), nn.Linear(hidden_dim, embed_dim)
        self.dropout = nn.Dropout(dropout)
        self.last_attention = None

    def _sa(self, x):
        x = self.pre_attn(x)
        B, T, D = x.shape
        q, k, v = [getattr(self, n)(x).reshape(B, T, self.h, D // self.h).movedim(2, 1).reshape(B * self.h, T, -1) for n in "qkv"]
        outs, maps = [], []
        for part in q.split(4, dim=1):
            s = torch.baddbmm(torch.zeros((), dtype=x.dtype, device=x.device), part, k.mT, beta=0, alpha=(D // self.h) ** -0.5)
            a = torch.softmax(s.float(), -1).to(x.dtype)
            maps.append(a.detach())
            outs.append(torch.bmm(a, v))
        self.last_attention = torch.cat(maps, 1).view(B, self.h, T, T)
        y = torch.cat(outs, 1).view(B, self.h, T, -1).movedim(1, 2).reshape(B, T, D)
        return self.o(y)

    def _ff(self, x):
        return self.dropout(self.fc2(self.dropout(nn.functional.gelu(self.fc1(self.pre_mlp(x))))))

    def forward(self, x):
        if torch.is_grad_enabled():
            x = x + checkpoint(self._sa, x, use_reentrant=False)
            return x + checkpoint(self._ff, x, use_reentrant=False)
        x = x + self._sa(x)
        return x + self._ff(x)
