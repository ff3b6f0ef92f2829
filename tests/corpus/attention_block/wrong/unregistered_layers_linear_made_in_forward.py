# expect: fail codes=unregistered_layers
import torch
import torch.nn as nn

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.embed_dim, self.hidden_dim = embed_dim, hidden_dim
        self.norm1, self.norm2 = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)
        self.attn = nn.MultiheadAttention(embed_dim, num_heads, batch_first=True)
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        h = self.norm1(x)
        x = x + self.attn(h, h, h)[0]
        mlp = nn.Sequential(nn.Linear(self.embed_dim, self.hidden_dim), nn.GELU(), self.drop,
                            nn.Linear(self.hidden_dim, self.embed_dim), self.drop)
        return x + mlp(self.norm2(x))
