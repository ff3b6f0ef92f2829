# expect: fail codes=loss_not_returned
# Mistake: training_step ends without a return.
import torch
import torch.nn as nn
import torch.nn.functional as F
import lightning as L


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

        cls = self.ln_f(x)[:, 0]
        return self.out(cls)


class LitViT(L.LightningModule):
    def __init__(self, model_kwargs, lr):
        super().__init__()
        self.model = VisionTransformer(**model_kwargs)
        self.lr = lr

    def forward(self, x):
        return self.model(x)

    def loss_and_acc(self, batch):
        x, y = batch
        scores = self.forward(x)
        return F.cross_entropy(scores, y), (torch.argmax(scores, dim=1) == y).float().mean()

    def training_step(self, batch, batch_idx):
        loss, acc = self.loss_and_acc(batch)
        self.log("train_loss", loss)
        self.log("train_acc", acc)

    def validation_step(self, batch, batch_idx):
        loss, acc = self.loss_and_acc(batch)
        self.log("val_loss", loss)
        self.log("val_acc", acc)

    def test_step(self, batch, batch_idx):
        loss, acc = self.loss_and_acc(batch)
        self.log("test_loss", loss)
        self.log("test_acc", acc)

    def configure_optimizers(self):
        opt = torch.optim.AdamW(self.parameters(), lr=self.lr, weight_decay=0.1)
        sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=self.lr, total_steps=int(self.trainer.estimated_stepping_batches))
        return {"optimizer": opt, "lr_scheduler": {"scheduler": sched, "interval": "step"}}
