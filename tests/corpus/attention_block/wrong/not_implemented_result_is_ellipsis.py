# expect: fail codes=not_implemented
import torch
from torch import nn

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.attn = ...
        self.mlp = ...

    def forward(self, x):
        out = ...
        return out
