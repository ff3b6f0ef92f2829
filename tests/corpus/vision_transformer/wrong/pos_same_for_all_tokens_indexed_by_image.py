# expect: fail codes=pos_same_for_all_tokens
# Mistake: the table is made for [T, B, D] tokens, so it is cut along the batch.
import torch
import torch.nn as nn


class Head(nn.Module):
    def __init__(self, dim, size):
        super().__init__()
        self.key = nn.Linear(dim, size)
        self.query = nn.Linear(dim, size)
        self.value = nn.Linear(dim, size)

    def forward(self, x):
        k, q, v = self.key(x), self.query(x), self.value(x)
        wei = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5
        wei = torch.softmax(wei, dim=-1)
        return wei @ v


class MultiHead(nn.Module):
    def __init__(self, dim, n_head):
        super().__init__()
        self.heads = nn.ModuleList([Head(dim, dim // n_head) for _ in range(n_head)])
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        return self.proj(torch.cat([h(x) for h in self.heads], dim=-1))


class Block(nn.Module):
    def __init__(self, dim, hidden, n_head, dropout):
        super().__init__()
        self.sa = MultiHead(dim, n_head)
        self.ffwd = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, dim), nn.Dropout(dropout))
        self.ln1 = nn.LayerNorm(dim)
        self.ln2 = nn.LayerNorm(dim)

    def forward(self, x):
        x = x + self.sa(self.ln1(x))
        x = x + self.ffwd(self.ln2(x))
        return x


class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.size = patch_size
        self.tok = nn.Linear(num_channels * patch_size * patch_size, embed_dim, bias=False)
        self.cls = nn.Parameter(torch.randn(1, 1, embed_dim))
        self.table = nn.Parameter(torch.randn(num_patches + 1, 1, embed_dim))
        self.do = nn.Dropout(dropout)
        self.blocks = nn.Sequential(*[Block(embed_dim, hidden_dim, num_heads, dropout) for _ in range(num_layers)])
        self.ln_f = nn.LayerNorm(embed_dim)
        self.lm_head = nn.Linear(embed_dim, num_classes)

    def forward(self, x):
        rows = x.split(self.size, dim=2)
        patches = [patch for row in rows for patch in row.split(self.size, dim=3)]
        x = torch.stack(patches, dim=1)                 # B N C p p
        x = self.tok(torch.flatten(x, 2))
        x = torch.cat((self.cls.repeat_interleave(x.shape[0], 0), x), dim=1)
        x = self.do(x + self.table[: x.shape[0]])
        x = self.blocks(x)
        return self.lm_head(self.ln_f(x)[:, 0])
