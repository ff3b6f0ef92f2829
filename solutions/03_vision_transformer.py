# %% [markdown]
# # 3 · The Vision Transformer
#
# You have patches (notebook 01) and a block in which tokens talk to each other (notebook 02). Two small parts are missing: a place where the answer collects, and a way to know where a patch came from.
# Today you add them, and the model is complete. It fits into fifteen lines.
#
# **When you are done you can**
# - build a Vision Transformer (ViT) from parts you wrote yourself, and say the shape after every line,
# - explain why there is a class token, and what would go wrong without positions,
# - count the parameters of a ViT on paper, and know where most of them sit,
# - test a new model in ten seconds, before you train it for ten minutes.
#
# | difficulty | importance | your time | computing time, CPU | computing time, T4 | points |
# | :-: | :-: | :-: | :-: | :-: | :-: |
# | ●●●○○ | ●●●●● | 60 minutes | under 1 minute | under 1 minute | 2 |
#
# You need your `img_to_patch` and your `AttentionBlock`. If one of them is not finished, a stand-in takes its place and you can go on.

# %%
import re
from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import nn

from helpers import carry, checks, data
from helpers.figures import architecture as figures

# %% tags=["nbval-ignore-output"]
img_to_patch, AttentionBlock = carry.load("img_to_patch", "attention_block")

# %% [markdown]
# ## 3.1 The whole model in one picture
#
# Read it from the bottom to the top. On the right you see the shape of the data after every step, for digits of 28 x 28 pixels, patches of 4 x 4 and a width of $D = 64$.

# %% tags=["skip-grading"]
digits = data.digits()
digit = digits.train.images[int((digits.train.labels == 6).nonzero()[0])]  # [1, 28, 28], the first 6
figures.vision_transformer(digit, patch_size=4, embed_dim=64, num_layers=3, num_classes=10)

# %% [markdown]
# Blue is what you have already: patches, one linear map for all of them, and purple, your block. New are the **orange** token, the **green** positions, and the small red head at the top.
#
# ## 3.2 Why a class token?
#
# The blocks turn $1 + N$ tokens into $1 + N$ tokens. But we want *one* answer for the image. So somebody has to collect it.
#
# A patch token is a poor collector. It starts with its own pixels, and it has a job already: to describe its patch. And which patch should it be? The one in the corner, which is empty in nearly every digit?
#
# So we add one more token that belongs to no patch. Its start is a learned vector, the same for every image. In each block it asks all patches a question (its *query*) and mixes what they reply (their *values*).
# After the last block it holds a summary, and the head reads this token alone. Three remarks:
#
# - **It is learned.** The class token is an `nn.Parameter`: the first question that the model asks about any image is found by training.
# - **It stands first.** Then it is token 0 however many patches an image has.
# - **It is a choice.** The mean of all patch tokens works too, and many newer models do just that. Here you build the class token of the original paper, because we want to watch where it looks in notebook 04.
#
# ## 3.3 Why positions?
#
# In notebook 02 you saw that the block is *permutation equivariant*: shuffle the tokens, and the outputs come in the shuffled order, otherwise unchanged.
# Now look at the class token. It stays where it is while the patches are shuffled. So its output does not change **at all**. For such a model this is the same image:
#
# $$\text{logits}(\text{patches in order}) \;=\; \text{logits}(\text{patches shuffled}).$$
#
# A 6 and a heap of strokes from a 6 would be the same to it. It could still count: so much ink, so many curves. It could not say what lies above what.
#
# The cure costs one addition. Each place in the sequence gets a learned vector of its own, and it is added to the token that stands there. A patch with a curve at the top is now a different vector from the same patch at the bottom.
# That is all the model ever learns about the two dimensions of a picture. Nobody tells it that place 8 lies below place 1: it has to find out.

# %% tags=["skip-grading"]
figures.tokens_and_positions()

# %% [markdown]
# **Predict, then look.** The class token has the same start for every image and always stands in place 0. Does it need a position?
#
# <details><summary>Answer</summary>
#
# No. Token and position of place 0 are two learned vectors that are only ever used as their sum, so one of them would do. We add it all the same, because then there is one simple rule for all tokens and no special case in the code.
# The other way round is a real bug: to add positions *before* the class token is put in front, and to have one too few of them or all of them shifted by one.
# </details>
#
# ## 3.4 Exercise: `VisionTransformer`
#
# | difficulty | importance | your time | points |
# | :-: | :-: | :-: | :-: |
# | ●●●○○ | ●●●●● | 25 to 35 minutes | 2: one for the class token, one for the positions |
#
# With the patches $x_1, \dots, x_N$ of an image, the projection $E$, the class token $c$ and the positions $P$:
#
# $$z_0 = [\,c;\; x_1 E;\; \dots;\; x_N E\,] + P, \qquad z_l = \text{Block}_l(z_{l-1}) \;\text{ for } l = 1 \dots L, \qquad \text{logits} = W\, \text{LN}\big(z_L[0]\big) + b.$$
#
# Before you start to type, write the shape of every term next to the equation. Then it is nearly code.
#
# - `num_patches` is a maximum. A smaller image has fewer patches and uses the first positions.
# - Dropout acts once on $z_0$, and it is passed on to the blocks.
# - The blocks look alike, but each has weights of its own.
# - Return logits, not probabilities. The loss in notebook 04 takes care of the softmax.
# - Names, and the way you set the first weights, are up to you. So are details such as `nn.Linear` on patches or a strided `nn.Conv2d`.

# %% nbgrader={"grade": false, "grade_id": "vision_transformer_solution", "locked": false, "schema_version": 3, "solution": true, "task": false}
class VisionTransformer(nn.Module):
    """A Vision Transformer that classifies images by the output of its class token.

    Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words", section 3.1.

    embed_dim    D, the width of every token
    hidden_dim   width of the MLP inside a block
    num_channels C, colour channels of an image
    num_heads    attention heads in a block
    num_layers   number of blocks, each with its own weights
    num_classes  K, number of logits
    patch_size   p, side of a square patch in pixels
    num_patches  N, the most patches an image can have
    dropout      share of activations dropped in train mode
    """

    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes,
                 patch_size, num_patches, dropout=0.0):
        super().__init__()
        ### BEGIN SOLUTION
        self.patch_size = patch_size
        # No bias here: the positional embedding already adds a learned vector to every token.
        self.project = nn.Linear(num_channels * patch_size**2, embed_dim, bias=False)
        self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, embed_dim))
        self.positions = nn.Parameter(0.02 * torch.randn(1, 1 + num_patches, embed_dim))
        self.dropout = nn.Dropout(dropout)
        blocks = [AttentionBlock(embed_dim, hidden_dim, num_heads, dropout) for _ in range(num_layers)]
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.LayerNorm(embed_dim)
        self.head = nn.Linear(embed_dim, num_classes)
        ### END SOLUTION

    def forward(self, x):
        """x: float [B, C, H, W] -> logits [B, K], without softmax."""
        ### BEGIN SOLUTION
        tokens = self.project(img_to_patch(x, self.patch_size))  # [B, T, D], T patches
        cls = self.cls_token.expand(len(x), -1, -1)              # [B, 1, D]
        tokens = torch.cat([cls, tokens], dim=1)                 # [B, 1 + T, D]
        tokens = tokens + self.positions[:, : tokens.shape[1]]   # [B, 1 + T, D]
        tokens = self.blocks(self.dropout(tokens))               # [B, 1 + T, D]
        return self.head(self.norm(tokens[:, 0]))                # [B, K]
        ### END SOLUTION

# %% [markdown]
# Stuck? Open the one that sounds like you.
#
# <details><summary>I do not know where to start</summary>
#
# In `__init__` you need seven things. Two are bare `nn.Parameter`s (which ones, and with which shapes?). Five are modules: projection, dropout, the blocks, the last LayerNorm, the head.
# In `forward` there is about one line for each arrow of the picture in 3.1.
# </details>
#
# <details><summary>RuntimeError: Sizes of tensors must match except in dimension 1</summary>
#
# Your class token is for one image, `[1, 1, D]`, and your patches are for a batch, `[B, N, D]`. `torch.cat` does not repeat anything by itself. `expand` does it without copying.
# </details>
#
# <details><summary>The size of tensor a (50) must match the size of tensor b (49)</summary>
#
# One of the two counts the class token and the other does not. There are $N$ patches and $1 + N$ places.
# </details>
#
# <details><summary>It works for 28 x 28, but a smaller image gives an error</summary>
#
# You add all the positions you have. Take as many as there are tokens.
# </details>
#
# <details><summary>My logits have the shape [B, 50, 10], or [50, 10]</summary>
#
# The head should read one token. The axes are batch, token, width: you want every image, token 0, the whole width.
# </details>
#
# <details><summary>The check says that the blocks share their weights</summary>
#
# `[block] * 3` is a list with the same block three times. Call the constructor once for each layer, for example in a list comprehension.
# </details>
#
# <details><summary>The check does not find my class token (or my positions) among the parameters</summary>
#
# A plain tensor is a constant: no optimizer sees it. And a plain Python list hides modules in the same way. `nn.Parameter` and `nn.ModuleList` (or `nn.Sequential`) make them known.
# </details>
#
# <details><summary>The code runs, but the check says that shuffled patches give the same answer</summary>
#
# Then your positions do not tell the places apart. Are they really added? Do they have one row for each place? If their shape is `[1, 1, D]`, every token gets the same vector.
# </details>

# %% tags=["skip-grading"]
report = checks.vision_transformer(VisionTransformer)
report

# %% [markdown]
# Passed? Then save your model for notebook 04.

# %%
carry.save("vision_transformer", VisionTransformer)

# %% nbgrader={"grade": true, "grade_id": "vision_transformer", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
report = checks.vision_transformer(VisionTransformer)
### BEGIN HIDDEN TESTS
report = checks.vision_transformer(VisionTransformer, seed=None)
### END HIDDEN TESTS
2 * report.score

# %% [markdown]
# ## 3.5 Where are the parameters?
#
# This is the model that you train in notebook 04. Count before you run the cell below. With width $D$, hidden width $M$, $L$ blocks, $K$ classes:
#
# | part | parameters |
# | --- | --- |
# | patch projection, no bias | $C p^2 \cdot D$ |
# | class token | $D$ |
# | positions | $(1 + N) \cdot D$ |
# | one block: query, key, value and output maps | $4 D^2 + 4 D$ |
# | one block: MLP | $2 D M + M + D$ |
# | one block: two LayerNorms | $4 D$ |
# | last LayerNorm | $2 D$ |
# | head | $D K + K$ |

# %%
config = dict(embed_dim=64, hidden_dim=128, num_channels=1, num_heads=4, num_layers=3,
              num_classes=10, patch_size=4, num_patches=49)

D, M, L, K = config["embed_dim"], config["hidden_dim"], config["num_layers"], config["num_classes"]
C, p, N = config["num_channels"], config["patch_size"], config["num_patches"]
by_formula = {
    "patch projection": C * p**2 * D,
    "class token": D,
    "positions": (1 + N) * D,
    "attention, all blocks": L * (4 * D**2 + 4 * D),
    "MLP, all blocks": L * (2 * D * M + M + D),
    "LayerNorms, all blocks": L * 4 * D,
    "last LayerNorm": 2 * D,
    "head": D * K + K,
}
for part, count in {**by_formula, "total": sum(by_formula.values())}.items():
    print(f"{part:24}{count:>9,}")

# %% [markdown]
# And your model? The next cell counts what is really there, under the names that you gave.

# %% tags=["skip-grading"]
if report.passed:
    vit = VisionTransformer(**config)
    counted = {}
    for name, parameter in vit.named_parameters():
        part = re.match(r"[^.]+(\.\d+)?", name)[0]  # "blocks.0.norm1.weight" -> "blocks.0"
        counted[part] = counted.get(part, 0) + parameter.numel()
    print(f"your model: {sum(counted.values()):,} parameters; by formula: {sum(by_formula.values()):,}")
    display(figures.parameters(counted))
else:
    print("This cell waits until the check above passes.")

# %% [markdown]
# <details><summary>My number is a little different. Is that wrong?</summary>
#
# Not if the check passed. A projection with a bias has $D$ more. That bias is not needed: the positions add a learned vector to every patch token anyway. Attention without biases has fewer.
# A number that is far off is worth a look. Three times too small usually means that the blocks share their weights.
# </details>
#
# Nearly everything sits in the blocks. The class token and the positions, the two ideas of this notebook, are 3 % of the model. Notice also what is *not* in the formula of a block: the number of patches.
# Attention works for any number of tokens, only the table of positions has a size.
#
# ## 3.6 Experiment: take the positions away
#
# Now test the claim of 3.3 on your own model. We shuffle the patches of a digit and ask how far the logits move, once with positions and once with the positions set to zero.
#
# **Predict, then look.** What will the two bars show?

# %% tags=["skip-grading"]
def with_positions(model, std):
    """A copy of the model whose positions are drawn afresh with this standard deviation; 0 takes them away."""
    copy = deepcopy(model).eval()
    for parameter in copy.parameters():
        if parameter.shape[-2:] == (1 + N, D):  # whatever you called them
            nn.init.normal_(parameter, std=std)
    return copy


if report.passed:
    torch.manual_seed(0)
    x = (digit[None] / 255 - digits.mean) / digits.std           # [1, 1, 28, 28]
    shuffled = figures.shuffle_patches(x, p, torch.randperm(N))  # [1, 1, 28, 28]
    changes = {}
    with torch.no_grad():
        for name, std in (("with positions", 0.5), ("positions set to zero", 0.0)):
            model = with_positions(vit, std)
            changes[name] = (model(x) - model(shuffled)).abs().max()
    display(figures.permutation(x[0], shuffled[0], changes))
else:
    print("This cell waits until the check above passes.")

# %% [markdown]
# Without positions the change is as small as the rounding of 32-bit numbers. (It is not exactly zero, because a sum in another order rounds in another way.) The model cannot see the difference, however long you train it.
#
# Keep this in mind as a tool. A statement like "the model ignores X" is a test that you can run: change X, and look whether the output moves.
#
# ## 3.7 Can it learn at all?
#
# Training takes minutes. A mistake should not take minutes to show. So here is a test for every model you will ever build: give it **one small batch** and let it learn that by heart.
# A model that cannot learn 32 digits by heart has a bug. One that can may still have one, but the worst are ruled out.

# %% tags=["skip-grading"]
if report.passed:
    torch.manual_seed(0)
    model = VisionTransformer(**config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    x = (digits.train.images[:32] / 255 - digits.mean) / digits.std  # [32, 1, 28, 28]
    y = digits.train.labels[:32]                                     # [32]
    losses = []
    for step in range(60):
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    display(figures.overfit(losses))
else:
    print("This cell waits until the check above passes.")

# %% [markdown]
# The first value tells you something too. A model that knows nothing gives every class the same chance, and the loss is $\ln 10 \approx 2.30$. A start far above that means that the first weights are too large.
#
# <details><summary>My curve stays at 2.30</summary>
#
# Then nothing of the image reaches the head. Common reasons: the head reads a token that never looked at the others, or the patches are multiplied by nearly zero.
# </details>
#
# <details><summary>My curve falls, but it stops at about 1.5</summary>
#
# You return probabilities, and `F.cross_entropy` applies a softmax once more. With ten classes the loss can then not fall below 1.46. Return the logits.
# </details>
#
# ## What you take with you
#
# - A ViT is: patches, one linear map, a class token, positions, a stack of equal blocks, a head on the class token.
# - The class token collects the answer. It is a parameter, it stands first, and it is expanded over the batch.
# - Attention does not see order. Without positions a picture is a bag of patches, and a test of one line shows it.
# - Before you train a model, let it learn one small batch by heart.
#
# **Next:** in `04_training` this model learns to read digits, with a proper split, a proper schedule, and evidence.
#
# *Source: A. Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021, section 3.1.*
