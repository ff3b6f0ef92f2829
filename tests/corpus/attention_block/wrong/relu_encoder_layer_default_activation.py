# expect: fail codes=relu_instead_of_gelu
import torch.nn as nn

class AttentionBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.block = nn.TransformerEncoderLayer(d_model=embed_dim, nhead=num_heads, dim_feedforward=hidden_dim,
                                                dropout=dropout, batch_first=True, norm_first=True)

    def forward(self, x):
        return self.block(x)
