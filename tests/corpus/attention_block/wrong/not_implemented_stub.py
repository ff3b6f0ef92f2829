# expect: fail codes=not_implemented
import torch.nn as nn


class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        """
        embed_dim: size of a token; hidden_dim: width of the MLP; num_heads: attention heads; dropout: rate
        """
        super().__init__()
        raise NotImplementedError()

    def forward(self, x):
        raise NotImplementedError()
