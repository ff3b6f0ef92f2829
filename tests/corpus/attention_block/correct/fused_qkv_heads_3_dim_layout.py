# expect: pass
import torch
import torch.nn as nn

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        assert embed_dim % num_heads == 0, "embed_dim must be divisible by num_heads"
        self.num_heads = num_heads
        self.head_dim = embed_dim // num_heads
        self.norm_a = nn.LayerNorm(embed_dim)
        self.norm_b = nn.LayerNorm(embed_dim)
        self.qkv_proj = nn.Linear(embed_dim, 3 * embed_dim)
        self.o_proj = nn.Linear(embed_dim, embed_dim)
        nn.init.xavier_uniform_(self.qkv_proj.weight)
        self.qkv_proj.bias.data.fill_(0)
        self.ff = nn.Sequential(nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout),
                                nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout))

    def attention(self, x):
        batch, seq, dim = x.size()
        qkv = self.qkv_proj(x)
        qkv = qkv.reshape(batch, seq, self.num_heads, 3 * self.head_dim).permute(0, 2, 1, 3)
        q, k, v = qkv.chunk(3, dim=-1)
        logits = torch.matmul(q, k.transpose(-2, -1)) / self.head_dim ** 0.5
        values = torch.matmul(logits.softmax(dim=-1), v)
        values = values.permute(0, 2, 1, 3).reshape(batch, seq, dim)
        return self.o_proj(values)

    def forward(self, x):
        x = x + self.attention(self.norm_a(x))
        x = x + self.ff(self.norm_b(x))
        return x
