# %% [markdown]
# # 2 · The attention block
#
# After notebook 01 an image is a list of tokens that know nothing of each other. Here they start to talk. You write attention by hand, then the block that a ViT is a stack of.
#
# **When you are done you can**
# - write scaled dot-product attention in four lines, and say why it is scaled,
# - build a Pre-LN Transformer block: attention, MLP, two residuals, two LayerNorms,
# - say why Pre-LN trains without a warm-up where Post-LN fails, from your own measurement,
# - show that a block cannot tell one order of the tokens from another, and say what follows for images.
#
# | difficulty | importance | your time | computing time, CPU | computing time, T4 | points |
# | :-: | :-: | :-: | :-: | :-: | :-: |
# | ●●●○○ | ●●●●● | 75 minutes | 1 minute | 1 minute | 3 |
#
# You need to know `nn.Module`, `nn.Linear` and matrix products. You do not need a GPU.

# %%
import torch
import torch.nn.functional as F
from torch import nn

from helpers import carry, checks, data
from helpers.figures import blocks as figures

# %% [markdown]
# Your patches from notebook 01 come along. If they are not there, you are lent some.

# %% tags=["nbval-ignore-output"]
img_to_patch = carry.load("img_to_patch")

# %% tags=["skip-grading", "nbval-ignore-output"]
digits = data.digits()
print(f"Digits: {digits.source}")

# %% [markdown]
# ## 2.1 Attention: a weighted mean, with weights that depend on the content
#
# A convolution mixes neighbours, with the same weights at every place and for every image. Attention mixes **all** tokens, and works out the weights anew for every image.
#
# Each token asks a question (its *query* $q$), puts up a sign (its *key* $k$) and has something to give (its *value* $v$). How well a query fits a key is their dot product.
# Softmax turns these scores into weights that sum to 1. The answer is the weighted mean of the values:
#
# $$\text{weights} = \text{softmax}\!\left(\frac{q\,k^{\top}}{\sqrt d}\right) \in \mathbb{R}^{T \times T}, \qquad \text{values} = \text{weights} \cdot v .$$
#
# The softmax runs along each **row**: one row is one query, and it deals out a total of 1 among the keys.
#
# **Predict, before you write any code.**
#
# <details><summary>1. All keys are equal. What does a query get back?</summary>
#
# All scores are equal, so all weights are $1/T$: it gets the plain mean of the values, whatever it asked.
# </details>
#
# <details><summary>2. You multiply all keys by 100. What happens to the weights?</summary>
#
# The differences between the scores grow by 100 too, so softmax gives nearly everything to the best key. Attention becomes a hard choice, and where softmax is flat the gradient is almost 0.
# </details>
#
# <details><summary>3. The entries of q and k are independent, with mean 0 and variance 1. What is the variance of their dot product?</summary>
#
# A sum of $d$ independent products of variance 1 has variance $d$. So scores grow like $\sqrt d$. For $d = 1024$ that is a factor of 32, well on the way to case 2. Dividing by $\sqrt d$ takes it back to variance 1, for every $d$. The next figure measures it.
# </details>

# %% tags=["skip-grading"]
figures.softmax_scale(dims=(4, 64, 1024))

# %% [markdown]
# Above: the wider the head, the more one key takes all. Below: divided by $\sqrt d$, the picture is the same at any width.

# %% [markdown]
# ## 2.2 Warm-up: `scaled_dot_product_attention`
#
# | difficulty | importance | your time | points |
# | :-: | :-: | :-: | :-: |
# | ●●○○○ | ●●●●○ | 10 minutes | none, but you will be glad of it |
#
# Write the equation above as code. The tensors have four axes: image, head, token, feature. `@` multiplies the last two and leaves the others alone, so you never need a loop.
# PyTorch has this function ready-made (`F.scaled_dot_product_attention`). Write it yourself once.

# %% nbgrader={"grade": false, "grade_id": "scaled_dot_product_attention_solution", "locked": false, "schema_version": 3, "solution": true, "task": false}
def scaled_dot_product_attention(q, k, v):
    """Attention of every query on all keys.

    q, k, v  float [B, H, T, d]
    returns  (values [B, H, T, d], weights [B, H, T, T]); every row of the weights sums to 1

    Vaswani et al. 2017, section 3.2.1.
    """
    ### BEGIN SOLUTION
    scores = q @ k.transpose(-2, -1)      # (B, H, T, T)
    scores = scores / q.shape[-1] ** 0.5  # variance 1, whatever d is
    weights = scores.softmax(dim=-1)      # over the keys
    return weights @ v, weights           # (B, H, T, d), (B, H, T, T)
    ### END SOLUTION

# %% [markdown]
# <details><summary>RuntimeError: the sizes of the tensors must match</summary>
#
# For `@` the last axis of the left one has to match the last but one of the right one. Only the last two axes of $k$ change places: `k.transpose(-2, -1)`. (`k.T` turns all four axes around.)
# </details>
#
# <details><summary>My weights sum to 1, but the check says along the wrong axis</summary>
#
# The weights are `[query, key]`. One query deals out 1 among the **keys**. Which axis is that?
# </details>

# %% tags=["skip-grading"]
checks.scaled_dot_product_attention(scaled_dot_product_attention)

# %% [markdown]
# ### See it work, before anything is learned
#
# Your function on a real digit. The queries, keys and values are simply the pixels of the patches (for the scores centred and brought to equal length). Nobody trained anything.
# Even so, pieces of stroke find other pieces that look alike, near or far. That is what a CNN cannot do in its first layer.

# %% tags=["skip-grading"]
three = digits.train.images[digits.train.labels == 3][0]  # [1, 28, 28]
figures.look_alike(scaled_dot_product_attention, img_to_patch, three, patch_size=4)

# %% [markdown]
# How to read the heat map: pick a row (a query), go along it, and see to which columns (keys) it gives weight. The four framed rows are drawn on the right.
# In a ViT $q$, $k$ and $v$ are three learned linear maps of the token, so the model decides for itself what "alike" means.

# %% [markdown]
# ## 2.3 Several heads
#
# One attention has one set of weights a query: it can look for *one* thing. So we deal the $D$ features out to $H$ heads of $d = D/H$ features. Each head runs its own attention. Afterwards they are laid side by side again, and one linear map mixes them.
# The products cost the same as in a single head of width $D$.

# %% tags=["skip-grading"]
figures.heads(tokens=5, embed_dim=12, num_heads=3)

# %% [markdown]
# Mind the axes, as in notebook 01: first split the last axis into `(H, d)`, then move the head axis in front of the token axis. A `view` straight to `[B, H, T, d]` has the right shape and mixes up tokens and heads.

# %% [markdown]
# ## 2.4 From attention to a block: Post-LN or Pre-LN?
#
# A block has two parts. **Attention** moves information *between* tokens. The **MLP** works on *each token alone* and is where most of the non-linearity is. Around both goes a **residual**: the part adds to its input and never replaces it.
# And a **LayerNorm** brings each token to mean 0 and variance 1, so that no layer gets numbers that are far too large. The question is where to put it.

# %% tags=["skip-grading"]
figures.post_ln_and_pre_ln()

# %% [markdown]
# **Why it matters.** Follow the thick line from the output back to the input, the way a gradient goes. In Pre-LN it meets sums only. In Post-LN it passes through two LayerNorms in every block.
#
# Xiong et al. (2020) worked out what that does at the very first step. In Post-LN the gradients of the blocks near the output are large, however deep the stack. A full learning rate then makes a step that wrecks the model.
# That is what *warm-up* is for: start with a tiny learning rate, raise it slowly. In Pre-LN these gradients shrink like $1/\sqrt L$ with the number $L$ of blocks. It can start at full speed.
#
# You will not have to take their word for it: in section 2.6 you measure it with your own block.

# %% [markdown]
# ## 2.5 Exercise: `AttentionBlock`
#
# | difficulty | importance | your time | points |
# | :-: | :-: | :-: | :-: |
# | ●●●○○ | ●●●●● | 30 minutes | 3 |
#
# Build the Pre-LN block on the right-hand side of the figure:
#
# $$x \leftarrow x + \text{MHA}(\text{LN}_1(x)), \qquad x \leftarrow x + \text{MLP}(\text{LN}_2(x)),$$
#
# $$\text{MLP} = \text{Linear}(D \to \text{hidden}) \to \text{GELU} \to \text{Dropout} \to \text{Linear}(\text{hidden} \to D) \to \text{Dropout}.$$
#
# - $\text{LN}_1$ and $\text{LN}_2$ are two modules. Each learns its own scale and shift.
# - The tokens of one image attend to each other, never to those of another image. There is no mask.
# - Batch first: `[B, T, D]` goes in, `[B, T, D]` comes out.
# - How you do the attention is up to you: your warm-up, `F.scaled_dot_product_attention` or `nn.MultiheadAttention`. So are names and initialisation. The check looks only at what the block *does*.

# %% nbgrader={"grade": false, "grade_id": "attention_block_solution", "locked": false, "schema_version": 3, "solution": true, "task": false}
class AttentionBlock(nn.Module):
    """A Pre-LN block: self-attention, then an MLP, each with its LayerNorm and its residual.

    embed_dim   D, features of a token
    hidden_dim  features in the middle of the MLP
    num_heads   H, attention heads; each has D / H features
    dropout     share of the MLP's features that is dropped, in train mode only

    Xiong et al. 2020, figure 1 (b).
    """

    def __init__(self, embed_dim, hidden_dim, num_heads, dropout=0.0):
        super().__init__()
        ### BEGIN SOLUTION
        self.num_heads = num_heads
        self.norm1 = nn.LayerNorm(embed_dim)
        self.qkv = nn.Linear(embed_dim, 3 * embed_dim)  # queries, keys and values in one product
        self.mix_heads = nn.Linear(embed_dim, embed_dim)
        self.norm2 = nn.LayerNorm(embed_dim)
        self.mlp = nn.Sequential(
            nn.Linear(embed_dim, hidden_dim),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden_dim, embed_dim),
            nn.Dropout(dropout),
        )
        ### END SOLUTION

    def forward(self, x):
        """x: float [B, T, D] -> float [B, T, D]."""
        ### BEGIN SOLUTION
        B, T, D = x.shape
        qkv = self.qkv(self.norm1(x))                                 # (B, T, 3*D)
        qkv = qkv.view(B, T, 3, self.num_heads, D // self.num_heads)  # (B, T, 3, H, d)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)                          # three times (B, H, T, d)
        heads = F.scaled_dot_product_attention(q, k, v)               # (B, H, T, d)
        heads = heads.transpose(1, 2).reshape(B, T, D)                # (B, T, D), heads side by side
        x = x + self.mix_heads(heads)
        x = x + self.mlp(self.norm2(x))
        return x
        ### END SOLUTION

# %% [markdown]
# Stuck? Open the one that sounds like you.
#
# <details><summary>I do not know where to start</summary>
#
# In `__init__` make the parts, in `forward` use them. Six parts will do: two norms, one that makes q, k and v, one that mixes the heads, and two linear layers of an MLP (or `nn.MultiheadAttention` in place of the two in the middle).
# Then write the two equations above as two lines, and fill in what they call.
# </details>
#
# <details><summary>The check says that images influence each other</summary>
#
# `nn.MultiheadAttention` expects `[T, B, D]` unless you tell it `batch_first=True`. With `[B, T, D]` it takes the images for tokens. The shapes fit, and nothing complains.
# </details>
#
# <details><summary>The check finds a residual or a norm in the wrong place</summary>
#
# Put your finger on the thick line of the figure. What is added to the result of the attention: `x`, or the normalised `x`? It has to be `x` as it came in. And what does the attention get for query, key **and** value?
# </details>
#
# <details><summary>TypeError: tuple, or the check says returns_tuple</summary>
#
# `nn.MultiheadAttention` returns two things: the output and the weights. You need the first.
# </details>
#
# <details><summary>The check says heads are ignored</summary>
#
# Does `num_heads` change anything in your `forward`? Each head needs its own softmax over its own `d` features, scaled by $1/\sqrt{d}$ with $d = D/H$, not $D$.
# </details>
#
# <details><summary>RuntimeError: view size is not compatible</summary>
#
# After `transpose` or `permute` use `reshape`, as in notebook 01.
# </details>
#
# <details><summary>My layers do not show up in <code>block.parameters()</code></summary>
#
# A plain Python list hides them from PyTorch. Use `nn.ModuleList` or `nn.Sequential`.
# </details>

# %% tags=["skip-grading"]
mine = checks.attention_block(AttentionBlock)
mine

# %% [markdown]
# The next two cells save your block for the notebooks to come and count your points. Run them, and leave them as they are.
# The grader uses the same check with fresh numbers: what you see here is what you get.

# %%
carry.save("attention_block", AttentionBlock)

# %% nbgrader={"grade": true, "grade_id": "attention_block", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
report = checks.attention_block(AttentionBlock)
### BEGIN HIDDEN TESTS
report = checks.attention_block(AttentionBlock, seed=None)
### END HIDDEN TESTS
3 * report.score

# %% [markdown]
# **Predict, then count.** How many numbers does one block learn, with $D = 64$ and hidden $= 128$? And does the number of heads matter?
#
# <details><summary>Answer</summary>
#
# q, k, v: $3 (64 \cdot 64 + 64) = 12{,}480$. Mixing the heads: $64 \cdot 64 + 64 = 4{,}160$. MLP: $(64 \cdot 128 + 128) + (128 \cdot 64 + 64) = 16{,}576$. Two norms: $4 \cdot 64 = 256$. Together 33,472.
# Heads only deal out the same features, so they cost nothing. The number of tokens does not appear either: a block works for any $T$. (Without biases for q, k and v it is 192 less, and just as right.)
# </details>

# %% tags=["skip-grading"]
if mine.passed:
    for num_heads in (1, 4):
        block = AttentionBlock(embed_dim=64, hidden_dim=128, num_heads=num_heads)
        print(f"num_heads = {num_heads}: {sum(p.numel() for p in block.parameters()):,} parameters")
else:
    print("This cell waits for your AttentionBlock.")

# %% [markdown]
# ## 2.6 Experiment: why Pre-LN needs no warm-up
#
# We stack blocks, put a linear layer in front and one at the end, and feed in real digits. Once with your Pre-LN block, once with PyTorch's own encoder layer, which is Post-LN by default.
# All matrices start from the same kind of random numbers. First the tools; there is nothing to do for you in this cell.

# %% tags=["skip-grading"]
class MeanOverTokens(nn.Module):
    def forward(self, x):
        return x.mean(dim=1)  # (B, D)


def pre_ln():
    return AttentionBlock(embed_dim=64, hidden_dim=128, num_heads=4)


def post_ln():
    return nn.TransformerEncoderLayer(64, 4, 128, dropout=0.0, activation="gelu", batch_first=True)


def stack(block, depth, seed=0):
    """Linear(49 -> 64), `depth` blocks, mean over the tokens, LayerNorm, Linear(64 -> 10)."""
    torch.manual_seed(seed)
    blocks = [block() for _ in range(depth)]
    model = nn.Sequential(nn.Linear(49, 64), *blocks, MeanOverTokens(), nn.LayerNorm(64), nn.Linear(64, 10))
    for parameter in model.parameters():
        if parameter.dim() == 2:
            nn.init.xavier_uniform_(parameter)
    return model


def batch(start, size):
    """Digits number start, start + 1, ... -> patches [size, 16, 49], labels [size]."""
    images = digits.train.images[start:start + size] / 255  # (size, 1, 28, 28)
    images = (images - digits.mean) / digits.std
    return img_to_patch(images, 7), digits.train.labels[start:start + size]


def gradient_norms(block, depth, seeds=5):
    """Norm of the gradient of each block at the first step, mean over a few random starts."""
    norms = torch.zeros(depth)
    x, y = batch(0, 64)
    for seed in range(seeds):
        model = stack(block, depth, seed)
        F.cross_entropy(model(x), y).backward()
        for number in range(depth):
            gradients = [p.grad for p in model[1 + number].parameters() if p.grad is not None]
            norms[number] += torch.cat([g.flatten() for g in gradients]).norm() / seeds
    return norms.tolist()

# %% [markdown]
# No training yet. We only ask how large the gradient of each block is at the very first step.

# %% tags=["skip-grading"]
if mine.passed:
    kinds = {"Post-LN": post_ln, "Pre-LN (yours)": pre_ln}
    by_layer = {name: gradient_norms(block, depth=12) for name, block in kinds.items()}
    by_depth = {name: {depth: gradient_norms(block, depth)[-1] for depth in (3, 6, 12, 24)}
                for name, block in kinds.items()}
    display(figures.gradients(by_layer, by_depth))
else:
    print("This experiment waits for your AttentionBlock.")

# %% [markdown]
# Left: in Post-LN every block has a gradient of about the same size, up to the last. In Pre-LN the gradients get smaller towards the output. Right: stack more blocks, and Post-LN stays as it is,
# while the last Pre-LN block gets less and less: each block is one small term in a long sum. The paper derives a factor of $1/\sqrt L$.
#
# Now let us see what that does to training. A stack of 16 blocks, Adam with a learning rate of 0.003, which is a lot, and 60 steps. Three runs:
# Post-LN without warm-up, Post-LN with the learning rate raised slowly over 50 steps, and Pre-LN without warm-up.
#
# **Predict, then run.** Which of the three will learn? (This takes 20 to 30 seconds on a laptop.)

# %% tags=["skip-grading"]
def first_steps(block, warm_up, steps=60, lr=3e-3):
    """Training loss of a stack of 16 blocks; the learning rate grows to `lr` over `warm_up` steps."""
    model = stack(block, depth=16)
    optimizer = torch.optim.Adam(model.parameters())
    losses = []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = lr * min(1, (step + 1) / warm_up)
        x, y = batch(64 * step, 64)
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


if mine.passed:
    curves = {"Post-LN, no warm-up": first_steps(post_ln, warm_up=1),
              "Post-LN, 50 steps of warm-up": first_steps(post_ln, warm_up=50),
              "Pre-LN (yours), no warm-up": first_steps(pre_ln, warm_up=1)}
    display(figures.first_steps(curves, guessing=torch.tensor(10.0).log().item()))
else:
    print("This experiment waits for your AttentionBlock.")

# %% [markdown]
# <details><summary>What you should see</summary>
#
# Post-LN at full speed is still guessing after 60 steps: its first steps were too large. A warm-up saves it. Pre-LN needs none.
# In notebook 04 you will still use a short warm-up, as cheap insurance for a high learning rate. Pre-LN can live without it. Post-LN cannot.
# </details>
#
# <details><summary>But Adam divides by the size of the gradient. Why should its size matter?</summary>
#
# Well spotted: the size alone cannot be the whole story. Liu et al. (2020) found another side of it. In Post-LN the output depends strongly on what the branches add, so a small change of the weights changes the output a lot, and
# more so the deeper the stack. In Pre-LN each branch is one small term of a growing sum, so the same change does little. Both views say the same about the remedy: leave the residual path alone, or start slowly.
# </details>

# %% [markdown]
# ## 2.7 Experiment: a block cannot see order
#
# Shuffle the tokens, and look at what the block makes of them. LayerNorm and MLP treat each token alone. Attention compares all pairs, and a pair does not know who came first. For every permutation $P$ of the tokens
#
# $$\text{block}(P x) = P\,\text{block}(x).$$
#
# This is called **permutation equivariance**: the outputs are the same, in the new order. Let your own block show it, with the 16 patches of a digit as tokens.

# %% tags=["skip-grading"]
if mine.passed:
    torch.manual_seed(0)
    block = AttentionBlock(embed_dim=49, hidden_dim=98, num_heads=7).eval()
    tokens = img_to_patch(three[None] / 255, 7)  # (1, 16, 49)
    order = torch.randperm(16)
    with torch.no_grad():
        out = block(tokens)
        out_of_shuffled = block(tokens[:, order])
    print("Same outputs, in the new order:", torch.allclose(out_of_shuffled, out[:, order], atol=1e-4))
    print("Same mean over the tokens:     ", torch.allclose(out_of_shuffled.mean(1), out.mean(1), atol=1e-4))
    display(figures.equivariance(out[0], out_of_shuffled[0], order))
else:
    print("This experiment waits for your AttentionBlock.")

# %% [markdown]
# Left and right are the same picture. Stack as many blocks as you like: nothing in them knows which patch was at the top. The mean over the tokens does not even change, so a classifier on top of it gives
# a digit and its shuffled pieces **the same answer**. Remember the puzzle of notebook 01: to such a model every image is that puzzle.
#
# A CNN keeps its pixels on their grid: it is in the wiring. A ViT has to be *told*. The remedy is simple: give each position a vector of its own, and add it to the token.
#
# **Predict, then run.** We add such vectors (random ones here, learned ones in notebook 03), and shuffle the patches again while the positions stay where they are. What will be printed?

# %% tags=["skip-grading"]
if mine.passed:
    positions = torch.randn(1, 16, 49)  # one vector for each place in the sequence
    with torch.no_grad():
        out = block(tokens + positions)
        out_of_shuffled = block(tokens[:, order] + positions)
    print("Same outputs, in the new order:", torch.allclose(out_of_shuffled, out[:, order], atol=1e-4))
    print("Same mean over the tokens:     ", torch.allclose(out_of_shuffled.mean(1), out.mean(1), atol=1e-4))
else:
    print("This experiment waits for your AttentionBlock.")

# %% [markdown]
# Now order matters. That is all a positional embedding does, and why a ViT for images cannot do without.
#
# ## What you take with you
#
# - Attention is a weighted mean. The weights come from the content: $\text{softmax}(qk^\top / \sqrt d)$, row by row.
# - Attention moves information between tokens, the MLP works on each token, residuals keep the way free, LayerNorm keeps the numbers tame.
# - Pre-LN leaves the residual path alone. That is why it trains from the first step at full speed.
# - Without positions, an image is a bag of patches.
#
# **Next:** in `03_vision_transformer` you put it all together: patches, a class token, positions, a stack of blocks, a head. Keep this notebook saved.
#
# *Sources: A. Vaswani et al., "Attention Is All You Need", NeurIPS 2017. R. Xiong et al., "On Layer Normalization in the Transformer Architecture", ICML 2020. L. Liu et al., "Understanding the Difficulty of Training Transformers", EMNLP 2020.*
