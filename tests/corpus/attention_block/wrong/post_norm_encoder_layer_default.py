# expect: fail codes=post_norm
from torch import nn

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.encoder = nn.TransformerEncoderLayer(embed_dim, num_heads, hidden_dim, dropout, activation="gelu", batch_first=True)

    def forward(self, x):
        return self.encoder(x)
