# expect: pass
import torch
import torch.nn as nn


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.norm_attn = nn.LayerNorm(embed_dim)
        self.attention = nn.MultiheadAttention(embed_dim=embed_dim, num_heads=num_heads, batch_first=True)
        self.norm_mlp = nn.LayerNorm(embed_dim)
        # a convolution of width 1 is a Linear for every token
        self.conv1 = nn.Conv1d(embed_dim, hidden_dim, kernel_size=1)
        self.gelu = nn.GELU()
        self.dropout1 = nn.Dropout(dropout)
        self.conv2 = nn.Conv1d(hidden_dim, embed_dim, kernel_size=1)
        self.dropout2 = nn.Dropout(dropout)

    def forward(self, x):
        y = self.norm_attn(x)
        y, weights = self.attention(y, y, y)
        x = x + y
        y = self.norm_mlp(x).transpose(1, 2)   # B D T
        y = self.dropout1(self.gelu(self.conv1(y)))
        y = self.dropout2(self.conv2(y))
        return x + y.transpose(1, 2)
