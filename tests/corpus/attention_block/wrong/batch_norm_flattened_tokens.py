# expect: fail codes=batch_norm
import torch
import torch.nn as nn
import torch.nn.functional as F

class TokenBatchNorm(nn.BatchNorm1d):
    def forward(self, x):
        return super().forward(x.flatten(0, 1)).view_as(x)


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.heads = num_heads
        self.norm1, self.norm2 = TokenBatchNorm(embed_dim), TokenBatchNorm(embed_dim)
        self.qkv = nn.Linear(embed_dim, 3 * embed_dim, bias=False)
        self.proj = nn.Linear(embed_dim, embed_dim)
        self.fc1, self.fc2 = nn.Linear(embed_dim, hidden_dim), nn.Linear(hidden_dim, embed_dim)
        self.p = dropout

    def forward(self, x):
        B, T, D = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(B, T, self.heads, 3, -1).permute(3, 0, 2, 1, 4)
        a = (q @ k.transpose(-1, -2) / (D // self.heads) ** 0.5).softmax(dim=-1) @ v
        x = x + self.proj(a.transpose(1, 2).reshape(B, T, D))
        h = F.dropout(F.gelu(self.fc1(self.norm2(x))), self.p, self.training)
        return x + F.dropout(self.fc2(h), self.p, self.training)
