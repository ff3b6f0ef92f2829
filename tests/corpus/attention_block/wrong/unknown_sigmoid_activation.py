# expect: fail codes=unknown
import torch
import torch.nn as nn
import torch.nn.functional as F


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.heads = num_heads
        self.w_qkv = nn.Parameter(torch.randn(3, embed_dim, embed_dim) * embed_dim ** -0.5)
        self.w_o = nn.Linear(embed_dim, embed_dim)
        self.norm_1, self.norm_2 = nn.LayerNorm(embed_dim), nn.LayerNorm(embed_dim)
        self.fc_1, self.fc_2 = nn.Linear(embed_dim, hidden_dim), nn.Linear(hidden_dim, embed_dim)
        self.p = dropout

    def forward(self, x):
        qkv = torch.einsum("btd,sde->sbte", self.norm_1(x), self.w_qkv)
        q, k, v = qkv.unflatten(-1, (self.heads, -1)).transpose(2, 3)
        y = F.scaled_dot_product_attention(q, k, v)
        x = x + self.w_o(y.transpose(1, 2).flatten(2))
        y = F.dropout(torch.sigmoid(self.fc_1(self.norm_2(x))), self.p, self.training)
        return x + F.dropout(self.fc_2(y), self.p, self.training)
