# expect: pass
import torch
import torch.nn as nn

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        if embed_dim % num_heads != 0:
            raise ValueError("embed_dim % num_heads")
        self.num_heads = num_heads
        self.qkv = nn.Linear(embed_dim, embed_dim * 3)
        self.proj = nn.Linear(embed_dim, embed_dim)
        self.norm1 = nn.LayerNorm(embed_dim)
        self.norm2 = nn.LayerNorm(embed_dim)
        self.fc1 = nn.Linear(embed_dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, embed_dim)
        self.gelu = nn.GELU()
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        D = x.shape[-1]
        d = D // self.num_heads
        qkv = self.qkv(self.norm1(x))
        q = qkv[..., :D]
        k = qkv[..., D:2*D]
        v = qkv[..., 2*D:]
        outs = []
        for h in range(self.num_heads):
            s = slice(h * d, (h + 1) * d)
            score = q[..., s] @ k[..., s].transpose(1, 2)
            score = score / (d ** 0.5)
            score = torch.exp(score - score.max(dim=-1, keepdim=True).values)
            score = score / score.sum(dim=-1, keepdim=True)
            outs.append(self.dropout(score) @ v[..., s])
        x = x + self.dropout(self.proj(torch.cat(outs, dim=-1)))

        y = self.fc1(self.norm2(x))
        y = self.dropout(self.gelu(y))
        y = self.dropout(self.fc2(y))
        return x + y
