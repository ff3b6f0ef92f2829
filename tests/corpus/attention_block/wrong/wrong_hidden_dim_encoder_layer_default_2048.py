# expect: fail codes=wrong_hidden_dim
import torch.nn as nn

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(embed_dim, num_heads, dropout=dropout, activation="gelu",
                                                batch_first=True, norm_first=True)

    def forward(self, x):
        return self.layer(x)
