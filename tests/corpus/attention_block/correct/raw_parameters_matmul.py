# expect: pass
import torch
import torch.nn as nn
import torch.nn.functional as F

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        s = embed_dim ** -0.5
        self.h = num_heads
        self.Wq = nn.Parameter(torch.randn(embed_dim, embed_dim) * s)
        self.Wk = nn.Parameter(torch.randn(embed_dim, embed_dim) * s)
        self.Wv = nn.Parameter(torch.randn(embed_dim, embed_dim) * s)
        self.Wo = nn.Parameter(torch.randn(embed_dim, embed_dim) * s)
        self.W1 = nn.Parameter(torch.randn(embed_dim, hidden_dim) * s)
        self.b1 = nn.Parameter(torch.zeros(hidden_dim))
        self.W2 = nn.Parameter(torch.randn(hidden_dim, embed_dim) * hidden_dim ** -0.5)
        self.b2 = nn.Parameter(torch.zeros(embed_dim))
        self.gamma1, self.beta1 = nn.Parameter(torch.ones(embed_dim)), nn.Parameter(torch.zeros(embed_dim))
        self.gamma2, self.beta2 = nn.Parameter(torch.ones(embed_dim)), nn.Parameter(torch.zeros(embed_dim))
        self.p = dropout

    def forward(self, x):
        B, T, D = x.shape
        d = D // self.h
        z = F.layer_norm(x, (D,), self.gamma1, self.beta1)
        q = (z @ self.Wq).view(B, T, self.h, d).transpose(1, 2)
        k = (z @ self.Wk).view(B, T, self.h, d).transpose(1, 2)
        v = (z @ self.Wv).view(B, T, self.h, d).transpose(1, 2)
        a = torch.softmax(q @ k.mT / d ** 0.5, dim=-1) @ v
        x = x + a.transpose(1, 2).reshape(B, T, D) @ self.Wo
        z = F.layer_norm(x, (D,), self.gamma2, self.beta2)
        m = F.dropout(F.gelu(z @ self.W1 + self.b1), self.p, self.training)
        m = F.dropout(m @ self.W2 + self.b2, self.p, self.training)
        return x + m
