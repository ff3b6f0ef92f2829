# expect: fail codes=wrong_shape
# Mistake: the head is applied to all tokens.
import torch
import torch.nn as nn
import torch.nn.functional as F


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super(VisionTransformer, self).__init__()
        self.patch_size = patch_size
        self.input_layer = nn.Linear(num_channels * (patch_size ** 2), embed_dim)
        self.transformer = nn.ModuleList()
        for _ in range(num_layers):
            self.transformer.append(
                nn.TransformerEncoderLayer(embed_dim, num_heads, hidden_dim, dropout, activation=F.gelu,
                                           batch_first=True, norm_first=True)
            )
        self.ln_f = nn.LayerNorm(embed_dim)
        self.out = nn.Linear(embed_dim, num_classes)
        self.dropout = nn.Dropout(dropout)

        # Parameters/Embeddings
        self.cls_token = nn.Parameter(torch.randn(1, 1, embed_dim))
        self.pos_embedding = nn.Parameter(torch.randn(1, 1 + num_patches, embed_dim))

    def forward(self, x):
        # F.unfold gives [B, C*p*p, N]
        x = F.unfold(x, kernel_size=self.patch_size, stride=self.patch_size)
        x = x.transpose(1, 2)
        x = self.input_layer(x)
        B, T, _ = x.shape

        cls_token = self.cls_token.expand(B, -1, -1)
        x = torch.cat([cls_token, x], dim=1)
        x = x + self.pos_embedding[:, :T + 1]
        x = self.dropout(x)

        for layer in self.transformer:
            x = layer(x)

        return self.out(self.ln_f(x))
