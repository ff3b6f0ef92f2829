# expect: fail codes=causal_mask
import torch
import torch.nn as nn

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.num_heads = num_heads
        self.key = nn.Linear(embed_dim, embed_dim)
        self.query = nn.Linear(embed_dim, embed_dim)
        self.value = nn.Linear(embed_dim, embed_dim)
        self.proj = nn.Linear(embed_dim, embed_dim)
        self.ln1 = nn.LayerNorm(embed_dim)
        self.ln2 = nn.LayerNorm(embed_dim)
        self.fc1 = nn.Linear(embed_dim, hidden_dim)
        self.fc2 = nn.Linear(hidden_dim, embed_dim)
        self.gelu = nn.GELU()
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        B, T, D = x.shape
        h = self.ln1(x)
        k = self.key(h).view(B, T, self.num_heads, D // self.num_heads).transpose(1, 2)
        q = self.query(h).view(B, T, self.num_heads, D // self.num_heads).transpose(1, 2)
        v = self.value(h).view(B, T, self.num_heads, D // self.num_heads).transpose(1, 2)
        wei = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5
        mask = torch.tril(torch.ones(T, T, device=x.device))
        wei = wei.masked_fill(mask == 0, float('-inf'))
        wei = wei.softmax(dim=-1)
        out = (wei @ v).transpose(1, 2).reshape(B, T, D)
        x = x + self.proj(out)
        h = self.dropout(self.gelu(self.fc1(self.ln2(x))))
        return x + self.dropout(self.fc2(h))
