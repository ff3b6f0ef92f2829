# expect: fail codes=parallel_branches
import torch
import torch.nn as nn
import torch.nn.functional as F


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(embed_dim, 3 * embed_dim)
        self.out = nn.Linear(embed_dim, embed_dim)
        self.ln_a = nn.LayerNorm(embed_dim)
        self.ln_b = nn.LayerNorm(embed_dim)
        self.lin1 = nn.Linear(embed_dim, hidden_dim)
        self.lin2 = nn.Linear(hidden_dim, embed_dim)
        self.drop = nn.Dropout(dropout)

    def attention(self, x):
        B, T, D = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        return self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, T, D))

    def forward(self, x):
        attn_out = self.attention(self.ln_a(x))
        mlp_out = self.drop(self.lin2(self.drop(F.gelu(self.lin1(self.ln_b(x))))))
        x = x + attn_out
        x = x + mlp_out
        return x
