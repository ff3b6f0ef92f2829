# expect: fail codes=not_implemented
import torch.nn as nn

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        pass

    def forward(self, x):
        pass
