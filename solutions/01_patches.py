# %% [markdown]
# # 1 · From image to patches
#
# A Transformer reads sequences. A photo is a grid. In this notebook you build the bridge between the two: you cut images into patches.
#
# **When you are done you can**
# - say what a convolutional network (CNN) gets for free and a Vision Transformer (ViT) must learn,
# - turn a batch of images into a batch of sequences, with one reshape, one permute and no loop,
# - say what a smaller patch size buys, and what it costs.
#
# | difficulty | importance | your time | computing time, CPU | computing time, T4 | points |
# | :-: | :-: | :-: | :-: | :-: | :-: |
# | ●●○○○ | ●●●●○ | 45 minutes | under 1 minute | under 1 minute | 2 |
#
# You need to know tensors and their shapes. You do not need a GPU.

# %%
import torch

from helpers import carry, checks, data
from helpers.figures import patches as figures

# %% [markdown]
# ## 1.1 The data
#
# Ten classes, one grey channel, 28 x 28 pixels. A tensor of images has the shape `[B, C, H, W]`: how many images, channels, height, width.

# %% tags=["skip-grading", "nbval-ignore-output"]
digits = data.digits()
print(f"{digits.source}: {len(digits.train):,} digits to train on,",
      f"{len(digits.val):,} to choose by, {len(digits.test):,} for the very end")

# %% tags=["skip-grading"]
# The first 0, the first 1, and so on.
first = [int((digits.train.labels == digit).nonzero()[0]) for digit in range(10)]
samples = digits.train.images[first]  # [10, 1, 28, 28]
figures.digits(samples, digits.train.labels[first])

# %% [markdown]
# ## 1.2 What a CNN knows before it has seen a single image
#
# A CNN is built for pictures. Part of what it needs to know is in its wiring, before training starts.
#
# | | CNN: it is in the wiring | ViT: it has to be learned |
# | --- | --- | --- |
# | **Near things belong together** | a 3 x 3 kernel sees neighbours and nothing else | from the first layer on, every token may look at every other one |
# | **A shifted 7 is still a 7** | the same kernel slides over all places: shift the input and the features shift along | all patches share their weights, but a shift by one pixel changes the content of every patch |
# | **A picture has two dimensions** | features stay on a grid from layer to layer | it gets a list: that token 5 lies above token 9 is news to it |
#
# So a CNN starts with a head start, and a ViT trained from nothing on few images usually loses to it (Dosovitskiy et al. 2021 needed very large data sets to turn that around).
# Why bother, then? Because the head start is also a limit. A 3 x 3 kernel needs many layers before the top of a picture can influence the bottom.
# A ViT can look anywhere at once, and it learns from the data what "near" should mean. The only thing it is told about pictures is the cut that you write today.
#
# How hard is that? Feel it yourself. Below is one of the digits above, cut into 16 patches and shuffled. This is all that a ViT gets while it knows no positions.

# %% tags=["skip-grading"]
figures.shuffled(samples[5], patch_size=7, seed=1)

# %% [markdown]
# <details><summary><b>Which digit is it?</b> Guess first, then open.</summary>
#
# It is the 5. If you found out, you matched edges that fit together. You *know* that strokes go on across a border. A ViT must find that out from examples.
# We come back to this in notebook 02 (the block cannot tell one order from another) and mend it in notebook 03 (each position gets a vector of its own).
# </details>

# %% [markdown]
# ## 1.3 Patches are the words
#
# A text is a sequence of words. For us, a word is a square of $p \times p$ pixels: a **patch**. We read patches the way you read this page, left to right and then top to bottom.
# In computer science that is called *row-major* order.

# %% tags=["skip-grading"]
figures.grid_and_sequence(samples[3], patch_size=7)

# %% [markdown]
# ## 1.4 Small patches or large ones?
#
# The patch size $p$ is the one number of this notebook that changes what a ViT can see and what it costs. In attention, every token looks at every token.
#
# **Predict, then look.** You go from $p = 14$ to $p = 7$: half the side. What happens to
# 1. the number of tokens $N$,
# 2. the numbers in one token,
# 3. the pairs of tokens that attention has to compare?
#
# <details><summary>Answers</summary>
#
# 1. $N = HW / p^2$ goes up by a factor of 4 (from 4 to 16).
# 2. $C p^2$ goes down by a factor of 4 (from 196 to 49). No pixel is lost: $N \cdot C p^2$ is always $C H W$.
# 3. $N^2$ goes up by a factor of 16 (from 16 to 256).
#
# Halve once more and the factor is 256. That is why large images get large patches.
# </details>

# %% tags=["skip-grading"]
figures.patch_sizes(samples[3], sizes=(2, 4, 7, 14))

# %% [markdown]
# Small patches keep fine detail apart, so attention can compare it. Large patches are cheap, but everything inside a patch goes through one single linear map.
# In this course you train with $p = 4$ or $p = 7$.

# %% [markdown]
# ## 1.5 Exercise: `img_to_patch`
#
# | difficulty | importance | your time | points |
# | :-: | :-: | :-: | :-: |
# | ●●○○○ | ●●●●○ | 15 to 20 minutes | 2 |
#
# Cut a batch of images into patches. With $n = r \cdot \frac{W}{p} + s$ for the patch in row $r$ and column $s$ of the grid,
#
# $$\text{out}[b,\; n,\; c,\; i,\; j] \;=\; x[b,\; c,\; r p + i,\; s p + j], \qquad N = \frac{H}{p} \cdot \frac{W}{p}.$$
#
# - `flatten_channels=True` (the default) lays the last three axes out as one, of length $C p^2$, in the order channel, row, column.
# - Height and width may differ. If one of them cannot be divided by $p$, raise a `ValueError`: dropping the rest in silence would hide a mistake.
# - No loop over patches or pixels is needed. Leave `x` itself as it is.
#
# **Why the order matters.** Nothing crashes if it is wrong. The shapes fit, the model trains, only the accuracy stays lower than it should be, and nobody knows why.
# Public ViT code has had this bug more than once. So the check below looks at the order of things before all else.

# %% nbgrader={"grade": false, "grade_id": "img_to_patch_solution", "locked": false, "schema_version": 3, "solution": true, "task": false}
def img_to_patch(x, patch_size, flatten_channels=True):
    """Cut images into square patches, left to right and then top to bottom.

    x                 float [B, C, H, W]
    patch_size        p, side of a patch in pixels
    flatten_channels  True  -> returns [B, N, C*p*p]
                      False -> returns [B, N, C, p, p]
                      with N = (H / p) * (W / p)

    Raises ValueError if p does not divide both H and W.
    """
    ### BEGIN SOLUTION
    B, C, H, W = x.shape
    p = patch_size
    if H % p or W % p:
        raise ValueError(f"A patch size of {p} does not divide an image of {H} x {W} pixels.")
    x = x.reshape(B, C, H // p, p, W // p, p)  # (B, C, h, p, w, p)
    x = x.permute(0, 2, 4, 1, 3, 5)            # (B, h, w, C, p, p)
    x = x.flatten(1, 2)                        # (B, N, C, p, p)
    if flatten_channels:
        x = x.flatten(2)                       # (B, N, C*p*p)
    return x
    ### END SOLUTION

# %% [markdown]
# Stuck? Open the one that sounds like you.
#
# <details><summary>I do not know where to start</summary>
#
# Give every axis a name. The height is $H/p$ rows of patches, times $p$ rows of pixels in each. `reshape` can split one axis into those two. Do the same with the width.
# Now you have six axes. Write down their names, then write down the order in which you want them.
# </details>
#
# <details><summary>The shape is right, but the picture is scrambled</summary>
#
# `reshape` and `view` never move a number. They only read the same numbers in the same order with new brackets. So before two axes can become one, they have to stand side by side, in the right order.
# `permute` brings them there.
# </details>
#
# <details><summary>Grey images are fine, colour images are not</summary>
#
# Look at where your channel axis stands when you flatten. The patch number comes first, then the channel, then row and column. Section 1.6 shows why grey digits do not notice.
# </details>
#
# <details><summary>My patches come column by column (or each patch is mirrored along its diagonal)</summary>
#
# Two axes in your `permute` changed places. Rows of patches must come before columns of patches, and rows of pixels before columns of pixels.
# </details>
#
# <details><summary>It works for square images only</summary>
#
# Somewhere one number serves for both height and width. An image of 28 x 56 pixels with $p = 7$ has 4 rows and 8 columns of patches.
# </details>
#
# <details><summary>RuntimeError: view size is not compatible with input tensor's size and stride</summary>
#
# After `permute` the numbers no longer lie in memory in the order of the axes. `view` refuses then. `reshape` copies when it has to.
# </details>

# %% tags=["skip-grading"]
checks.img_to_patch(img_to_patch)

# %% [markdown]
# The next two cells save your function for the notebooks to come and count your points. Run them, and leave them as they are.
# The grader uses the same check with fresh numbers: what you see here is what you get.
#
# Not finished yet? Go on all the same and come back later. Until you have written your own, the next notebooks lend you a ready-made one. It earns no points.

# %%
carry.save("img_to_patch", img_to_patch)

# %% nbgrader={"grade": true, "grade_id": "img_to_patch", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
report = checks.img_to_patch(img_to_patch)
### BEGIN HIDDEN TESTS
report = checks.img_to_patch(img_to_patch, seed=None)
### END HIDDEN TESTS
2 * report.score

# %% [markdown]
# ## 1.6 The bug that grey digits hide
#
# The check uses colour images whose height and width differ. Why, if all our digits are grey and square?
#
# Because an axis of length 1 can stand anywhere. With $C = 1$, the order (channel, patch, row, column) and the order (patch, channel, row, column) are the same numbers in the same order.
# A `permute` that forgets the channel axis is **invisible on every digit of MNIST**. On a colour image it gives each token pixels of three different places and calls them red, green and blue.
#
# Here is an experiment that makes it visible. We paint a picture whose colours tell where a pixel comes from: red is ink, green grows to the right, blue grows to the bottom.

# %% tags=["skip-grading"]
ink = torch.cat([samples[4], samples[2]], dim=2) / 255  # [1, 28, 56], two digits side by side
to_the_right = torch.linspace(0, 1, 56).expand(1, 28, 56)
to_the_bottom = torch.linspace(0, 1, 28)[:, None].expand(1, 28, 56)
colour = torch.cat([ink, to_the_right, to_the_bottom])  # [3, 28, 56]
figures.forgotten_permute(ink, colour, patch_size=14)

# %% [markdown]
# In the grey row you cannot tell the right cut from the wrong one. In the colour row you can. A test that cannot fail tells you nothing: choose inputs for which the mistake would show.
#
# **And yours?** The next figure calls your function on the colour picture and lays the patches out in the order they come. If you see the two digits, you did it right.

# %% tags=["skip-grading"]
figures.put_back(img_to_patch, colour, patch_size=7)

# %% [markdown]
# **Predict, then look.** A batch of 32 such pictures, `[32, 3, 28, 56]`, patch size 7. Which shape does `img_to_patch` return? And which with `flatten_channels=False`?
#
# <details><summary>Answers</summary>
#
# `[32, 32, 147]`: 32 pictures, $4 \cdot 8 = 32$ patches, $3 \cdot 7 \cdot 7 = 147$ numbers each. Without flattening `[32, 32, 3, 7, 7]`.
# The two 32 are a coincidence, and a nasty one: here you could swap the batch axis and the patch axis without seeing it in the shape. The check uses sizes that all differ.
# </details>
#
# ## 1.7 What the Transformer is given
#
# This is a digit as the rest of the course sees it: a matrix, one row a token. Everything from here on, attention, training, accuracy, is done with rows like these.

# %% tags=["skip-grading"]
figures.token_matrix(img_to_patch, samples[3] / 255, patch_size=7)

# %% [markdown]
# ## What you take with you
#
# - A ViT knows almost nothing about pictures. The cut into patches is all the help it gets, so it has to be right.
# - `reshape` renames, `permute` reorders. Say the axes aloud before you write them.
# - Half the patch side: 4 times the tokens, 16 times the attention pairs.
# - Test with inputs that make the mistake visible: three channels, height and width not equal.
#
# **Next:** in `02_attention_block` the tokens begin to look at each other.
# Keep this notebook saved. You hand everything in at once, at the end of notebook 04.
#
# *Source: A. Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021.*
