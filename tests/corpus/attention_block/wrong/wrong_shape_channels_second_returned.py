# expect: fail codes=wrong_shape
import torch
import torch.nn as nn

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.norm1 = nn.LayerNorm(embed_dim)
        self.norm2 = nn.LayerNorm(embed_dim)
        self.attn = nn.MultiheadAttention(embed_dim, num_heads, batch_first=True)
        self.conv1 = nn.Conv1d(embed_dim, hidden_dim, 1)
        self.conv2 = nn.Conv1d(hidden_dim, embed_dim, 1)
        self.act = nn.GELU()
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        y = self.norm1(x)
        x = x + self.attn(y, y, y)[0]
        y = self.norm2(x).transpose(1, 2)
        y = self.drop(self.conv2(self.drop(self.act(self.conv1(y)))))
        return x.transpose(1, 2) + y
