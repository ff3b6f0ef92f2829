# expect: fail codes=pos_before_cls
# Mistake: arange over the patches, before the class token is there.
import torch
import torch.nn as nn


class TransformerBlock(nn.Module):
    def __init__(self, d, h, heads, dropout):
        super().__init__()
        self.ln1 = nn.LayerNorm(d)
        self.ln2 = nn.LayerNorm(d)
        self.mha = nn.MultiheadAttention(d, heads, batch_first=True)
        self.ff = nn.Sequential(nn.Linear(d, h), nn.GELU(approximate="tanh"), nn.Dropout(dropout), nn.Linear(h, d),
                                nn.Dropout(dropout))

    def forward(self, x):
        n = self.ln1(x)
        x = x + self.mha(n, n, n)[0]
        x = x + self.ff(self.ln2(x))
        return x


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches,
                 dropout=0.0):
        super().__init__()
        self.conv = nn.Conv2d(num_channels, embed_dim, kernel_size=patch_size, stride=patch_size, bias=False)
        self.pos_emb = nn.Embedding(1 + num_patches, embed_dim)
        self.cls_emb = nn.Parameter(torch.empty(1, 1, embed_dim).normal_(std=0.5))
        self.emb_drop = nn.Dropout(dropout)
        self.blocks = nn.Sequential(*[TransformerBlock(embed_dim, hidden_dim, num_heads, dropout)
                                      for _ in range(num_layers)])
        self.norm = nn.LayerNorm(embed_dim)
        self.head = nn.Linear(embed_dim, num_classes)

    def forward(self, img):
        x = self.conv(img)                       # B D h w
        x = x.flatten(2).mT                      # B N D
        idx = torch.arange(x.shape[1], device=x.device)
        x = x + self.pos_emb(idx)
        cls = self.cls_emb.repeat_interleave(x.shape[0], dim=0)
        x = self.emb_drop(torch.cat((cls, x), dim=1))
        x = self.blocks(x)
        x = self.norm(x)
        logits = self.head(x[:, 0])
        return logits
