# expect: pass
# Gradient checkpointing: the MLP is computed again in the backward pass.
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.before_attention = nn.LayerNorm(embed_dim)
        self.before_mlp = nn.LayerNorm(embed_dim)
        self.attention = nn.MultiheadAttention(embed_dim, num_heads, batch_first=True)
        self.wide = nn.Linear(embed_dim, hidden_dim)
        self.narrow = nn.Linear(hidden_dim, embed_dim)
        self.dropout = nn.Dropout(dropout)

    def mlp(self, x):
        return self.dropout(self.narrow(self.dropout(F.gelu(self.wide(x)))))

    def forward(self, x):
        y = self.before_attention(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + checkpoint(self.mlp, self.before_mlp(x), use_reentrant=False)
