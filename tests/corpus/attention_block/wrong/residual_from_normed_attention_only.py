# expect: fail codes=residual_from_normed
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.nh, self.hd = num_heads, embed_dim // num_heads
        self.wq, self.wk = nn.Linear(embed_dim, embed_dim), nn.Linear(embed_dim, embed_dim)
        self.wv, self.wo = nn.Linear(embed_dim, embed_dim), nn.Linear(embed_dim, embed_dim)
        self.na, self.nm = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)
        self.w1, self.w2 = nn.Linear(embed_dim, hidden_dim), nn.Linear(hidden_dim, embed_dim)
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        b, t, c = x.shape
        x = self.na(x)
        q = self.wq(x).view(b, t, self.nh, self.hd).transpose(1, 2)
        k = self.wk(x).view(b, t, self.nh, self.hd).transpose(1, 2)
        v = self.wv(x).view(b, t, self.nh, self.hd).transpose(1, 2)
        p = F.softmax(q @ k.transpose(2, 3) / math.sqrt(self.hd), dim=-1)
        x = x + self.wo((p @ v).transpose(1, 2).reshape(b, t, c))
        x = x + self.drop(self.w2(self.drop(F.gelu(self.w1(self.nm(x))))))
        return x
