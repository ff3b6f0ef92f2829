# expect: pass
import torch

class AttentionBlock(torch.nn.Module):

    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        # --- attention
        self.attention_norm = torch.nn.LayerNorm(normalized_shape=embed_dim)
        self.attention = torch.nn.MultiheadAttention(
            embed_dim=embed_dim,
            num_heads=num_heads,
            dropout=dropout,
            kdim=embed_dim,
            vdim=embed_dim,
            batch_first=True,
        )
        # --- MLP
        self.mlp_norm = torch.nn.LayerNorm(normalized_shape=embed_dim)
        self.mlp = torch.nn.ModuleList([
            torch.nn.Linear(in_features=embed_dim, out_features=hidden_dim),
            torch.nn.GELU(),
            torch.nn.Dropout(p=dropout),
            torch.nn.Linear(in_features=hidden_dim, out_features=embed_dim),
            torch.nn.Dropout(p=dropout),
        ])

    def forward(self, x):
        skip = x
        x = self.attention_norm(x)
        x, attention_weights = self.attention(x, x, x, average_attn_weights=False)
        x = x + skip
        skip = x
        x = self.mlp_norm(x)
        for layer in self.mlp:
            x = layer(x)
        x = x + skip
        return x
