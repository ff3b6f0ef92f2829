# %% [markdown]
# # 5 · Bug hunt
#
# The most expensive bugs in deep learning raise no error. Shapes fit, the loss falls, the accuracy looks almost right. You find them by what they *do*, if you know where to look.
#
# Below are ten real bugs. Each was found in published student work or in a popular tutorial. For each you get the broken code and a **symptom**: a number, a curve, a picture. You find the line and mend it.
#
# **When you are done you can**
# - tell "it does not learn" from "it learns in spite of a bug",
# - write the small experiment that makes a silent bug visible,
# - explain how one study reached 90 % *because* two of its bugs cancelled each other,
# - keep secrets out of notebooks, and know what to do when one got in.
#
# | difficulty | importance | your time | computing time, CPU | computing time, T4 | points |
# | :-: | :-: | :-: | :-: | :-: | :-: |
# | ●●●●○ | ●●●●● | 2 hours | about 5 minutes | about 3 minutes | 5 |
#
# Each mended bug earns half a point, or nothing: broken code passes most of a check, so a share would pay for doing nothing. **Copy the broken code into the cell below it, give it the new name, and mend it.**

# %%
import json
import math
import os
import re

import lightning as L
import torch
import torch.nn.functional as F
from torch import nn
from torchvision.transforms import v2
from tqdm.auto import tqdm

from helpers import carry, checks, data, training
from helpers.figures import bugs as figures
from helpers.figures import inside
from helpers.profiles import profile

# %% tags=["nbval-ignore-output"]
img_to_patch, AttentionBlock, VisionTransformer = carry.load("img_to_patch", "attention_block", "vision_transformer")

# %% tags=["skip-grading", "nbval-ignore-output"]
device = "cuda" if torch.cuda.is_available() else "cpu"
digits = data.digits()
shared = dict(mean=digits.mean, std=digits.std, device=device)
EPOCHS, LIMIT = (1, 300) if profile() == "smoke" else (8, 4000)
SIZES = dict(embed_dim=64, hidden_dim=128, num_channels=1, num_heads=4, num_layers=3, num_classes=10, patch_size=7, num_patches=16)
x, y = next(iter(data.batches(digits.val, 500, **shared)))  # [500, 1, 28, 28] normalised, [500]


def learn(model, loss=F.cross_entropy, epochs=EPOCHS, batch_size=96, lr=3e-3, sgd=False):
    """Train a model for a few epochs; (mean loss of each epoch, validation accuracy after each, in percent)."""
    torch.manual_seed(0)
    model.to(device)
    batches = data.batches(digits.train, batch_size, train=True, limit=LIMIT, **shared)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9) if sgd else torch.optim.AdamW(model.parameters(), lr=lr)
    losses, accuracies = [], []
    for _ in tqdm(range(epochs), desc=type(model).__name__, unit="epoch", leave=False):
        model.train()
        seen = []
        for images, labels in batches:
            value = loss(model(images), labels)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            seen.append(value.item())
        losses.append(sum(seen) / len(seen))
        model.eval()
        with torch.no_grad():
            parts = [model(images).argmax(1) == labels for images, labels in zip(x.split(batch_size), y.split(batch_size))]
        accuracies.append(100 * torch.cat(parts).double().mean().item())
    return losses, accuracies

# %% [markdown]
# ## Bug 1: the digit that minds its company
#
# A colleague writes a block with PyTorch's own attention. It runs, it learns.

# %% tags=["skip-grading"]
class BrokenBatchAxisBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.norm1 = nn.LayerNorm(embed_dim)
        self.attention = nn.MultiheadAttention(embed_dim, num_heads, dropout)
        self.norm2 = nn.LayerNorm(embed_dim)
        self.mlp = nn.Sequential(
            nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout)
        )

    def forward(self, x):
        n = self.norm1(x)
        x = x + self.attention(n, n, n)[0]
        return x + self.mlp(self.norm2(x))

# %% [markdown]
# **The symptom.** We send one digit through the block alone, with one other digit, and with 31 others, and compare what comes out for *the same digit*.

# %% tags=["skip-grading"]
torch.manual_seed(0)
block, read = BrokenBatchAxisBlock(49, 98, 7).eval(), nn.Linear(49, 10)
tokens = x[:32].cpu().reshape(32, 4, 7, 4, 7).transpose(2, 3).reshape(32, 16, 49)  # patches of 7 x 7 pixels
with torch.no_grad():
    logits = {f"in a batch of {n}": read(block(tokens[:n])[0].mean(0)) for n in (1, 2, 32)}
figures.answers(logits, "One digit, one model, three answers")

# %% [markdown]
# A model that answers differently when a stranger stands next to you is broken, whatever its accuracy. (You would see this one as an accuracy that depends on the batch size.) Where do the other digits get in?

# %% nbgrader={"grade": false, "grade_id": "bug_batch_axis_solution", "locked": false, "schema_version": 3, "solution": true, "task": false}
class BatchAxisBlock(nn.Module):
    """The block above, mended: tokens of one image attend to each other. x: float [B, T, D] -> float [B, T, D]."""

    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        ### BEGIN SOLUTION
        self.norm1 = nn.LayerNorm(embed_dim)
        self.attention = nn.MultiheadAttention(embed_dim, num_heads, dropout, batch_first=True)
        self.norm2 = nn.LayerNorm(embed_dim)
        self.mlp = nn.Sequential(
            nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout)
        )
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        n = self.norm1(x)
        x = x + self.attention(n, n, n)[0]
        return x + self.mlp(self.norm2(x))
        ### END SOLUTION

# %% tags=["skip-grading"]
checks.bug_batch_axis(BatchAxisBlock)

# %% nbgrader={"grade": true, "grade_id": "bug_batch_axis", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
report = checks.bug_batch_axis(BatchAxisBlock)
### BEGIN HIDDEN TESTS
report = checks.bug_batch_axis(BatchAxisBlock, seed=None)
### END HIDDEN TESTS
0.5 * report.score

# %% [markdown]
# ## Bug 2: one parameter too few
#
# This block is from the assignment that this course descends from. It reached 92.89 %.

# %% tags=["skip-grading"]
class BrokenSharedNormBlock(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        self.norm = nn.LayerNorm(embed_dim)
        self.attention = nn.MultiheadAttention(embed_dim, num_heads, dropout, batch_first=True)
        self.mlp = nn.Sequential(
            nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout)
        )

    def forward(self, x):
        n = self.norm(x)
        x = x + self.attention(n, n, n)[0]
        return x + self.mlp(self.norm(x))

# %% [markdown]
# **The symptom.** Count what can learn. The text that came with the block says: "a LayerNorm before each of the two sub-layers".

# %% tags=["skip-grading"]
for name, parameter in BrokenSharedNormBlock(64, 128, 4).named_parameters():
    print(f"{name:32} {str(tuple(parameter.shape)):14} {parameter.numel():6,}")

# %% [markdown]
# A LayerNorm has a scale and a shift for every feature: $2D = 128$ numbers. How many of them should a block with two LayerNorms have?

# %% nbgrader={"grade": false, "grade_id": "bug_shared_norm_solution", "locked": false, "schema_version": 3, "solution": true, "task": false}
class SharedNormBlock(nn.Module):
    """The block above, mended: each sub-layer has a LayerNorm of its own. x: float [B, T, D] -> float [B, T, D]."""

    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        ### BEGIN SOLUTION
        self.norm1 = nn.LayerNorm(embed_dim)
        self.attention = nn.MultiheadAttention(embed_dim, num_heads, dropout, batch_first=True)
        self.norm2 = nn.LayerNorm(embed_dim)
        self.mlp = nn.Sequential(
            nn.Linear(embed_dim, hidden_dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden_dim, embed_dim), nn.Dropout(dropout)
        )
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        n = self.norm1(x)
        x = x + self.attention(n, n, n)[0]
        return x + self.mlp(self.norm2(x))
        ### END SOLUTION

# %% tags=["skip-grading"]
checks.bug_shared_norm(SharedNormBlock)

# %% nbgrader={"grade": true, "grade_id": "bug_shared_norm", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
report = checks.bug_shared_norm(SharedNormBlock)
### BEGIN HIDDEN TESTS
report = checks.bug_shared_norm(SharedNormBlock, seed=None)
### END HIDDEN TESTS
0.5 * report.score

# %% [markdown]
# ## Bug 3: good today, worse tomorrow
#
# The model below reads digits well. It is saved, loaded again the next day, and reads them worse.

# %% tags=["skip-grading"]
class BrokenClassTokenViT(nn.Module):
    """A ViT with a bug."""

    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.patch_size = patch_size
        self.project = nn.Linear(num_channels * patch_size**2, embed_dim)
        self.cls_token = torch.normal(0.0, 1.0, (1, 1, embed_dim))
        self.positions = nn.Parameter(0.02 * torch.randn(1, 1 + num_patches, embed_dim))
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.Sequential(*[AttentionBlock(embed_dim, hidden_dim, num_heads, dropout) for _ in range(num_layers)])
        self.head = nn.Sequential(nn.LayerNorm(embed_dim), nn.Linear(embed_dim, num_classes))

    def forward(self, x):
        """x: float [B, C, H, W] -> logits [B, num_classes]."""
        tokens = self.project(img_to_patch(x, self.patch_size))
        tokens = torch.cat([self.cls_token.expand(len(x), -1, -1), tokens], dim=1)
        tokens = tokens + self.positions[:, : tokens.shape[1]]
        tokens = self.blocks(self.dropout(tokens))
        return self.head(tokens[:, 0])

# %% [markdown]
# **The symptom.** Save the weights, build the model again, load them: the same numbers should come out.

# %% tags=["skip-grading"]
torch.manual_seed(0)
before = BrokenClassTokenViT(**SIZES).eval()
torch.manual_seed(1)  # the next day
after = BrokenClassTokenViT(**SIZES).eval()
print(after.load_state_dict(before.state_dict()))  # no complaint
with torch.no_grad():
    logits = {"before saving": before(x[:1].cpu())[0], "after loading": after(x[:1].cpu())[0]}
figures.answers(logits, "The same digit, the same weights")

# %% [markdown]
# "All keys matched successfully", and yet something is not the same. What does the model use that is not in its `state_dict()`? (On a GPU this model would not even start. Why?)

# %% nbgrader={"grade": false, "grade_id": "bug_class_token_solution", "locked": false, "schema_version": 3, "solution": true, "task": false}
class ClassTokenViT(nn.Module):
    """The model above, mended: whatever it uses is saved, moved and trained."""

    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        ### BEGIN SOLUTION
        self.patch_size = patch_size
        self.project = nn.Linear(num_channels * patch_size**2, embed_dim)
        self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, embed_dim))
        self.positions = nn.Parameter(0.02 * torch.randn(1, 1 + num_patches, embed_dim))
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.Sequential(*[AttentionBlock(embed_dim, hidden_dim, num_heads, dropout) for _ in range(num_layers)])
        self.head = nn.Sequential(nn.LayerNorm(embed_dim), nn.Linear(embed_dim, num_classes))
        ### END SOLUTION

    def forward(self, x):
        """x: float [B, C, H, W] -> logits [B, num_classes]."""
        ### BEGIN SOLUTION
        tokens = self.project(img_to_patch(x, self.patch_size))
        tokens = torch.cat([self.cls_token.expand(len(x), -1, -1), tokens], dim=1)
        tokens = tokens + self.positions[:, : tokens.shape[1]]
        tokens = self.blocks(self.dropout(tokens))
        return self.head(tokens[:, 0])
        ### END SOLUTION

# %% tags=["skip-grading"]
checks.bug_class_token(ClassTokenViT)

# %% nbgrader={"grade": true, "grade_id": "bug_class_token", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
report = checks.bug_class_token(ClassTokenViT)
### BEGIN HIDDEN TESTS
report = checks.bug_class_token(ClassTokenViT, seed=None)
### END HIDDEN TESTS
0.5 * report.score

# %% [markdown]
# ## Bug 4: everybody hears everything
#
# "Normalise your inputs" is good advice. This model normalises its tokens before the first block.

# %% tags=["skip-grading"]
class BrokenNormalizeViT(nn.Module):
    """A ViT with a bug."""

    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.patch_size = patch_size
        self.project = nn.Linear(num_channels * patch_size**2, embed_dim)
        self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, embed_dim))
        self.positions = nn.Parameter(0.02 * torch.randn(1, 1 + num_patches, embed_dim))
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.Sequential(*[AttentionBlock(embed_dim, hidden_dim, num_heads, dropout) for _ in range(num_layers)])
        self.head = nn.Sequential(nn.LayerNorm(embed_dim), nn.Linear(embed_dim, num_classes))

    def forward(self, x):
        """x: float [B, C, H, W] -> logits [B, num_classes]."""
        tokens = self.project(img_to_patch(x, self.patch_size))
        tokens = torch.cat([self.cls_token.expand(len(x), -1, -1), tokens], dim=1)
        tokens = tokens + self.positions[:, : tokens.shape[1]]
        tokens = F.normalize(tokens)
        tokens = self.blocks(self.dropout(tokens))
        return self.head(tokens[:, 0])

# %% [markdown]
# **The symptom.** Before the first block no token can know of another. We paint one patch (number 6) and look at how much each token changes *before* the blocks.

# %% tags=["skip-grading"]
def tokens_before_blocks(model, images):
    caught = []
    hook = model.blocks.register_forward_pre_hook(lambda module, inputs: caught.append(inputs[0].detach()))
    with torch.no_grad():
        model.eval()(images)
    hook.remove()
    return caught[0]


painted = x[:1].cpu().clone()
painted[:, :, 7:14, 7:14] = 5.0  # row 2, column 2 of the 4 x 4 patches: patch 6, counted from 1
torch.manual_seed(0)
model = BrokenNormalizeViT(**SIZES)
difference = (tokens_before_blocks(model, painted) - tokens_before_blocks(model, x[:1].cpu())).norm(dim=-1)[0]
figures.changed({"broken": difference}, f"One patch was painted, {int((difference > 1e-6).sum())} of 17 tokens change before the first block")

# %% [markdown]
# Every token hears of it. `F.normalize` divides by a length. The length of *what*?

# %% nbgrader={"grade": false, "grade_id": "bug_normalize_solution", "locked": false, "schema_version": 3, "solution": true, "task": false}
class NormalizeViT(nn.Module):
    """The model above, mended: before the blocks no token depends on another."""

    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        ### BEGIN SOLUTION
        self.patch_size = patch_size
        self.project = nn.Linear(num_channels * patch_size**2, embed_dim)
        self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, embed_dim))
        self.positions = nn.Parameter(0.02 * torch.randn(1, 1 + num_patches, embed_dim))
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.Sequential(*[AttentionBlock(embed_dim, hidden_dim, num_heads, dropout) for _ in range(num_layers)])
        self.head = nn.Sequential(nn.LayerNorm(embed_dim), nn.Linear(embed_dim, num_classes))
        ### END SOLUTION

    def forward(self, x):
        """x: float [B, C, H, W] -> logits [B, num_classes]."""
        ### BEGIN SOLUTION
        tokens = self.project(img_to_patch(x, self.patch_size))
        tokens = torch.cat([self.cls_token.expand(len(x), -1, -1), tokens], dim=1)
        tokens = tokens + self.positions[:, : tokens.shape[1]]
        tokens = F.normalize(tokens, dim=-1)
        tokens = self.blocks(self.dropout(tokens))
        return self.head(tokens[:, 0])
        ### END SOLUTION

# %% tags=["skip-grading"]
checks.bug_normalize(NormalizeViT)

# %% nbgrader={"grade": true, "grade_id": "bug_normalize", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
report = checks.bug_normalize(NormalizeViT)
### BEGIN HIDDEN TESTS
report = checks.bug_normalize(NormalizeViT, seed=None)
### END HIDDEN TESTS
0.5 * report.score

# %% [markdown]
# ## Bug 5: two wrongs that make a right
#
# The star of the hunt. A blog post compares a ViT with a CNN on MNIST: **ViT 90.38 %, CNN 97.55 %**. The conclusion: CNNs are better. Here is its ViT, with everything that matters (patch 7, four layers, head 250-100-10, SGD, batches of 32, NLL).

# %% tags=["skip-grading"]
class BrokenBlogViT(nn.Module):
    def __init__(self, embed_dim=64, hidden_dim=256, num_channels=1, num_heads=4, num_layers=4, num_classes=10,
                 patch_size=7, num_patches=16, dropout=0.0, normalize=True, batch_first=False):
        super().__init__()
        self.patch_size, self.normalize = patch_size, normalize
        self.project = nn.Linear(num_channels * patch_size**2, embed_dim)
        self.register_buffer("class_random", torch.normal(0.0, 1.0, (1, 1, embed_dim)))
        self.positions = nn.Parameter(torch.randn(1, 1 + num_patches, embed_dim))
        layer = nn.TransformerEncoderLayer(embed_dim, num_heads, hidden_dim, dropout, batch_first=batch_first)
        self.encoder = nn.TransformerEncoder(layer, num_layers, enable_nested_tensor=False)
        self.head = nn.Sequential(nn.Linear(embed_dim, 250), nn.Linear(250, 100), nn.Linear(100, num_classes))

    def forward(self, x):
        tokens = self.project(img_to_patch(x, self.patch_size))
        tokens = torch.cat([self.class_random.expand(len(x), -1, -1), tokens], dim=1) + self.positions
        tokens = self.encoder(tokens)
        if self.normalize:
            tokens = F.normalize(tokens)
        return F.log_softmax(self.head(tokens[:, 0]), dim=1)

# %% [markdown]
# You know two of its bugs from above: attention runs across the batch (bug 1), and `F.normalize` runs over the tokens (bug 4). Obviously, `F.normalize` should go.
#
# **Predict, then look.** We train three models: as published, without `F.normalize`, and without `F.normalize` but with `batch_first=True`. Write down three accuracies.

# %% tags=["skip-grading"]
runs = {"as published": {}, "without F.normalize": {"normalize": False}, "and batch_first=True": {"normalize": False, "batch_first": True}}
losses, accuracies = {}, {}
for name, changes in runs.items():
    torch.manual_seed(0)
    losses[name], accuracies[name] = learn(BrokenBlogViT(**changes), loss=F.nll_loss, batch_size=32, lr=0.01, sgd=True)
display(figures.curves(losses, "Training loss", "NLL (nats)", level=math.log(10), level_name="guessing: ln 10"))
figures.curves(accuracies, "Remove one bug, and the model goes blind", "validation accuracy (%)", level=10, level_name="guessing")

# %% [markdown]
# <details><summary>What happened?</summary>
#
# Mending one bug took the accuracy to *chance*. Attention across the batch means: the class token at place 0 attends to the class tokens of the *other images*, at place 0 too. All of them are the same constant. So nothing of any patch ever reaches the class token by attention.
# The only way from the patches to the head was `F.normalize` over the tokens: it divides feature $d$ of the class token by the length of feature $d$ over all 17 tokens, and those lengths do depend on the image. Sixty-four numbers of gossip were enough for 90 %.
# Two bugs, each fatal, and together they looked like a mediocre model. The study then compared "ViT" with "CNN", and the conclusion was about neither.
# </details>
#
# Now mend all of it: attention, class token, normalisation. The check wants the contract of notebook 03 (logits, no softmax; a LayerNorm and one Linear as the head).

# %% nbgrader={"grade": false, "grade_id": "bug_two_that_cancel_solution", "locked": false, "schema_version": 3, "solution": true, "task": false}
class BlogViT(nn.Module):
    """The blog's model, mended in all its parts. x: float [B, C, H, W] -> logits [B, num_classes]."""

    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        ### BEGIN SOLUTION
        self.patch_size = patch_size
        self.project = nn.Linear(num_channels * patch_size**2, embed_dim)
        self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, embed_dim))
        self.positions = nn.Parameter(0.02 * torch.randn(1, 1 + num_patches, embed_dim))
        self.dropout = nn.Dropout(dropout)
        self.encoder = nn.ModuleList(
            nn.TransformerEncoderLayer(embed_dim, num_heads, hidden_dim, dropout, activation="gelu", batch_first=True, norm_first=True)
            for _ in range(num_layers)
        )
        self.head = nn.Sequential(nn.LayerNorm(embed_dim), nn.Linear(embed_dim, num_classes))
        ### END SOLUTION

    def forward(self, x):
        ### BEGIN SOLUTION
        tokens = self.project(img_to_patch(x, self.patch_size))
        tokens = torch.cat([self.cls_token.expand(len(x), -1, -1), tokens], dim=1)
        tokens = self.dropout(tokens + self.positions[:, : tokens.shape[1]])
        for layer in self.encoder:
            tokens = layer(tokens)
        return self.head(tokens[:, 0])
        ### END SOLUTION

# %% tags=["skip-grading"]
checks.bug_two_that_cancel(BlogViT)

# %% nbgrader={"grade": true, "grade_id": "bug_two_that_cancel", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
report = checks.bug_two_that_cancel(BlogViT)
### BEGIN HIDDEN TESTS
report = checks.bug_two_that_cancel(BlogViT, seed=None)
### END HIDDEN TESTS
0.5 * report.score

# %% [markdown]
# ## Bug 6: the loss that cannot fall
#
# The accuracy rises, so all is well? The loss has stopped at about 1.5.

# %% tags=["skip-grading"]
class BrokenSoftmaxLitViT(L.LightningModule):
    def __init__(self, model_kwargs, lr):
        super().__init__()
        self.save_hyperparameters()
        self.model = VisionTransformer(**model_kwargs)

    def step(self, batch, stage):
        x, y = batch
        probabilities = self.model(x).softmax(dim=-1)
        loss = F.cross_entropy(probabilities, y)
        self.log_dict({f"{stage}_loss": loss, f"{stage}_acc": (probabilities.argmax(-1) == y).float().mean()}, on_step=False, on_epoch=True)
        return loss

    def training_step(self, batch, batch_idx):
        return self.step(batch, "train")

    def validation_step(self, batch, batch_idx):
        self.step(batch, "val")

    def test_step(self, batch, batch_idx):
        self.step(batch, "test")

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=self.hparams.lr)

# %% [markdown]
# **The symptom.** The same model with this loss, and with the cross-entropy of notebook 04.

# %% tags=["skip-grading"]
lines = {}
for name, loss in (("broken", lambda logits, labels: F.cross_entropy(logits.softmax(-1), labels)), ("notebook 04", F.cross_entropy)):
    torch.manual_seed(0)
    lines[name], _ = learn(training.init_weights(VisionTransformer(**SIZES)), loss)
floor = -math.log(math.e / (math.e + 9))
figures.curves(lines, "Two losses of the same model", "training loss (nats)", level=floor, level_name=f"{floor:.2f}: a perfect model, as the broken loss sees it")

# %% [markdown]
# The dashed line is the loss of a *perfect* answer under the broken loss. Where does 1.46 come from? (`F.cross_entropy` expects logits and applies a softmax itself.)

# %% nbgrader={"grade": false, "grade_id": "bug_softmax_solution", "locked": false, "schema_version": 3, "solution": true, "task": false}
class SoftmaxLitViT(L.LightningModule):
    """The module above, mended. Logs train_, val_ and test_ loss and acc, as in notebook 04."""

    def __init__(self, model_kwargs, lr):
        super().__init__()
        self.save_hyperparameters()
        ### BEGIN SOLUTION
        self.model = VisionTransformer(**model_kwargs)
        ### END SOLUTION

    def step(self, batch, stage):
        ### BEGIN SOLUTION
        x, y = batch
        logits = self.model(x)
        loss = F.cross_entropy(logits, y)
        self.log_dict({f"{stage}_loss": loss, f"{stage}_acc": (logits.argmax(-1) == y).float().mean()}, on_step=False, on_epoch=True)
        return loss
        ### END SOLUTION

    def training_step(self, batch, batch_idx):
        ### BEGIN SOLUTION
        return self.step(batch, "train")
        ### END SOLUTION

    def validation_step(self, batch, batch_idx):
        ### BEGIN SOLUTION
        self.step(batch, "val")
        ### END SOLUTION

    def test_step(self, batch, batch_idx):
        ### BEGIN SOLUTION
        self.step(batch, "test")
        ### END SOLUTION

    def configure_optimizers(self):
        ### BEGIN SOLUTION
        return torch.optim.AdamW(self.parameters(), lr=self.hparams.lr)
        ### END SOLUTION

# %% tags=["skip-grading"]
checks.bug_softmax(SoftmaxLitViT)

# %% nbgrader={"grade": true, "grade_id": "bug_softmax", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
report = checks.bug_softmax(SoftmaxLitViT)
### BEGIN HIDDEN TESTS
report = checks.bug_softmax(SoftmaxLitViT, seed=None)
### END HIDDEN TESTS
0.5 * report.score

# %% [markdown]
# ## Bug 7: an augmentation that lies
#
# From the same assignment as bug 2, copied from a notebook about cats and dogs.

# %% tags=["skip-grading"]
def broken_augment(images):
    return v2.Compose([v2.RandomHorizontalFlip(), v2.RandomAffine(10, translate=(0.1, 0.1))])(images)


torch.manual_seed(0)
some = [int((digits.val.labels == label).nonzero()[0]) for label in range(10)]
pictures = torch.stack([broken_augment(image) for image in x[some].cpu()])
figures.augmented(x[some].cpu(), pictures, "What the model is shown, with the labels 0 to 9")

# %% [markdown]
# Read the second row aloud. For each digit, would you sign the label? Keep what is honest, remove what is not.

# %% nbgrader={"grade": false, "grade_id": "bug_flip_solution", "locked": false, "schema_version": 3, "solution": true, "task": false}
def augment(images):
    """Vary digits at random so that their labels stay true. images: float [B, 1, 28, 28] -> the same shape."""
    ### BEGIN SOLUTION
    return v2.RandomAffine(10, translate=(0.1, 0.1))(images)
    ### END SOLUTION

# %% tags=["skip-grading"]
checks.bug_flip(augment)

# %% nbgrader={"grade": true, "grade_id": "bug_flip", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
report = checks.bug_flip(augment)
### BEGIN HIDDEN TESTS
report = checks.bug_flip(augment, seed=None)
### END HIDDEN TESTS
0.5 * report.score

# %% [markdown]
# ## Bug 8: loud from the start, never at rest
#
# The last one from that assignment. Its text says "we use the same learning-rate scheduler as before".

# %% tags=["skip-grading"]
def broken_training_setup(model, lr, total_steps):
    nn.init.normal_(model.positions)
    nn.init.normal_(model.cls_token)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    return optimizer, scheduler

# %% [markdown]
# **The symptoms.** A patch's content enters the first block with a size of about 1 a feature at best. Compare the positions that are added to it, and look at the rate.

# %% tags=["skip-grading"]
class Small(nn.Module):
    """Stands for a model with the two names that the set-up touches."""

    def __init__(self):
        super().__init__()
        self.positions = nn.Parameter(0.02 * torch.randn(1, 17, 64))
        self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, 64))


def rates(setup, total_steps=100):
    model = Small()
    optimizer, scheduler = setup(model, 3e-4, total_steps)
    used = []
    for _ in range(total_steps):
        used.append(1e4 * optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    print(f"{setup.__name__}: positions have the size {model.positions.detach().square().mean().sqrt():.2f}")
    return used


torch.manual_seed(0)
figures.curves({"broken": rates(broken_training_setup)}, "The learning rate of every step", "learning rate (1e-4)", xlabel="step")

# %% [markdown]
# Two things to mend: positions and class token that start as loud as the image itself (0.02 is the custom), and a rate that never comes down (a warm-up and a cosine to zero; `training.warmup_cosine` is at hand).

# %% nbgrader={"grade": false, "grade_id": "bug_constant_lr_solution", "locked": false, "schema_version": 3, "solution": true, "task": false}
def training_setup(model, lr, total_steps):
    """Prepare a training: (optimizer, scheduler that is stepped after every batch); sets the start of positions and class token."""
    ### BEGIN SOLUTION
    nn.init.trunc_normal_(model.positions, std=0.02)
    nn.init.trunc_normal_(model.cls_token, std=0.02)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    return optimizer, training.warmup_cosine(optimizer, None, total_steps)
    ### END SOLUTION

# %% tags=["skip-grading"]
checks.bug_constant_lr(training_setup)

# %% nbgrader={"grade": true, "grade_id": "bug_constant_lr", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
report = checks.bug_constant_lr(training_setup)
### BEGIN HIDDEN TESTS
report = checks.bug_constant_lr(training_setup, seed=None)
### END HIDDEN TESTS
0.5 * report.score

# %% [markdown]
# ## Bug 9: the empty plot
#
# A callback collects the losses for a plot. Training runs to the end. The plot is empty.

# %% tags=["skip-grading"]
class History(L.Callback):
    """Collects the training loss of every epoch."""

    def __init__(self):
        self.losses = []

    def on_train_epoch_end(self, trainer, module):
        self.losses.append(float(trainer.callback_metrics["train_loss"]))


def broken_fit_with_history(module, loader, epochs):
    history = History()
    trainer = L.Trainer(max_epochs=epochs, callbacks=[History()], accelerator="cpu", logger=False,
                        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
    trainer.fit(module, loader)
    return history.losses


class Line(L.LightningModule):
    """The smallest thing that can be trained."""

    def __init__(self):
        super().__init__()
        self.slope = nn.Parameter(torch.zeros(()))

    def training_step(self, batch, batch_idx):
        loss = (self.slope * batch - 3 * batch).square().mean()
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


points = torch.utils.data.DataLoader(torch.linspace(-1, 1, 32), batch_size=8)
figures.curves({"broken": broken_fit_with_history(Line(), points, 5)}, "Training loss", "squared error")

# %% [markdown]
# No error, no warning. How many objects of the class `History` are there, and which of them saw the training?

# %% nbgrader={"grade": false, "grade_id": "bug_callback_twice_solution", "locked": false, "schema_version": 3, "solution": true, "task": false}
def fit_with_history(module, loader, epochs):
    """Train a module that logs `train_loss`; list of its training loss, one number an epoch."""
    ### BEGIN SOLUTION
    history = History()
    trainer = L.Trainer(max_epochs=epochs, callbacks=[history], accelerator="cpu", logger=False,
                        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
    trainer.fit(module, loader)
    return history.losses
    ### END SOLUTION

# %% tags=["skip-grading"]
checks.bug_callback_twice(fit_with_history)

# %% nbgrader={"grade": true, "grade_id": "bug_callback_twice", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
report = checks.bug_callback_twice(fit_with_history)
### BEGIN HIDDEN TESTS
report = checks.bug_callback_twice(fit_with_history, seed=None)
### END HIDDEN TESTS
0.5 * report.score

# %% [markdown]
# ## Bug 10: the key under the mat
#
# This one breaks nothing. One of the five studies was published with its author's access token in a cell. Whoever reads the notebook can act as the author.

# %% tags=["skip-grading"]
def broken_hub_token():
    return "hf_" + "x" * 34  # in the study, a real one stood here (we shall not repeat it)


notebook = json.dumps({"cells": [{"source": 'login(token="hf_' + "x" * 34 + '")'}]})  # what such a file looks like inside
print(re.findall(r"hf_[A-Za-z0-9]{30,}", notebook), "is what a search of public notebooks finds within minutes")

# %% [markdown]
# **What to do if it happened to you, in this order.**
#
# 1. **Revoke** the token on the site that gave it. Now. Everything else can wait.
# 2. Look at what was done with it (most sites show its last use).
# 3. Then take it out of the notebook, its *outputs* included. Deleting it in a new commit is not enough: the history keeps it, and so do copies. That is why step 1 comes first.
#
# **And so that it does not happen**: read the token from outside the notebook. An environment variable (`HF_TOKEN`), Colab's secrets, or `getpass` for typing it in.

# %% nbgrader={"grade": false, "grade_id": "bug_token_solution", "locked": false, "schema_version": 3, "solution": true, "task": false}
def hub_token():
    """The token that the environment variable HF_TOKEN holds. Raises RuntimeError, in one sentence, where it is not set."""
    ### BEGIN SOLUTION
    token = os.environ.get("HF_TOKEN")
    if not token:
        raise RuntimeError("Please set the environment variable HF_TOKEN to your token.")
    return token
    ### END SOLUTION

# %% tags=["skip-grading"]
checks.bug_token(hub_token)

# %% nbgrader={"grade": true, "grade_id": "bug_token", "locked": true, "points": 0.5, "schema_version": 3, "solution": false, "task": false}
report = checks.bug_token(hub_token)
### BEGIN HIDDEN TESTS
report = checks.bug_token(hub_token, seed=None)
### END HIDDEN TESTS
0.5 * report.score

# %% [markdown]
# ## What you take with you
#
# - **Company must not matter.** The answer for one image is the same in every batch: two lines of code test it.
# - **Count parameters.** What is missing from `named_parameters()` is neither trained nor saved.
# - **Know the number that means "nothing learned"** ($\ln 10 = 2.30$ for ten classes) and the floor of your loss.
# - **Ask each operation along which axis it works.** `F.normalize`, `softmax`, attention: the default is somebody else's habit.
# - **Change one thing at a time, and believe it when the result gets worse.** It may be the way two bugs part.
# - **Look at what the model is shown**, at its pictures and its curves. And keep keys out of notebooks.
#
# *Sources: the five published student studies that this course reproduces (their numbers as published); R. Xiong et al. 2020 for the block; PyTorch's documentation of `nn.MultiheadAttention`, `nn.TransformerEncoderLayer` and `F.normalize` for the axes.*
