# %% [markdown]
# # 6 · CNN against ViT: a fair fight
#
# "CNNs are better on small images." "Transformers have overtaken CNNs." You find a study for each. Most of them compare two *recipes* and write about two *models*.
# Here the two meet under the same rules, and you are the referee. Then you look for what really sets them apart.
#
# **When you are done you can**
# - say what must be equal before two models may be compared, and find what was not in a published comparison,
# - compute precision, recall and F1 from a confusion matrix, and say what accuracy hides,
# - measure how far a layer looks: receptive field, gradient, attention distance,
# - test claims such as "shift invariant" or "robust" on your own models, with error bars,
# - say what BatchNorm and LayerNorm do to a batch of one,
# - let a CNN teach a ViT.
#
# | difficulty | importance | your time | computing time, CPU | computing time, T4 | points |
# | :-: | :-: | :-: | :-: | :-: | :-: |
# | ●●●○○ | ●●●●○ | 2 hours | about 5 minutes | not measured | 5 |
#
# The points: 1.5 for `precision_recall_f1`, 1.5 for `mean_attention_distance`, and 1 for each of two short answers at the end, which a person reads.

# %%
import time
from copy import deepcopy
from dataclasses import replace

import pandas as pd
import torch
import torch.nn.functional as F
from torch import nn
from torchmetrics.functional.classification import multiclass_confusion_matrix
from tqdm.auto import tqdm

from helpers import attention, carry, checks, data, training
from helpers.figures import fight as figures
from helpers.profiles import profile

device = "cuda" if torch.cuda.is_available() else "cpu"

# %% tags=["nbval-ignore-output"]
VisionTransformer = carry.load("vision_transformer")

# %% [markdown]
# ## 6.1 What has to be equal?
#
# A result is made by a model, *and* by its data, augmentation, optimiser, schedule, length of training and luck. If two of these change at once, nobody can say which one did it. So we fix:
#
# | | rule |
# | --- | --- |
# | parameters | about 105,500 for both |
# | data, augmentation, optimiser, schedule, batch size | the same |
# | learning rate | each has its own, fixed beforehand: a rate that suits one may ruin the other |
# | length | equal **time**, and the curves are drawn against images seen as well |
# | choices | made on validation data; test data are looked at once, in section 6.4 |
#
# **Why time, and not epochs?** The two do not cost the same. One digit costs this CNN 11.6 million multiply-adds, your ViT 5.9 million with patches of 4 pixels and 1.8 million with patches of 7 (counted from their layers). Equal epochs would give the dearer model more computing, equal time gives the cheaper one more looks. Neither is "the" fair rule. Say which one you used.
#
# **The CNN.** Two convolutions of 3 x 3 at each of three resolutions, pooling between them, the mean over all places, one linear layer. Nothing newer than 2015. It is no straw man either.

# %% tags=["skip-grading"]
def conv(inputs, outputs, norm):
    """[B, inputs, H, W] -> [B, outputs, H, W]."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), norm(outputs), nn.ReLU())


class CNN(nn.Module):
    """A small plain CNN. x: float [B, 1, 28, 28] -> logits [B, 10]."""

    def __init__(self, widths=(20, 44, 72), norm=nn.BatchNorm2d):
        super().__init__()
        layers, before = [], 1
        for place, width in enumerate(widths):
            if place:
                layers.append(nn.MaxPool2d(2))
            layers += [conv(before, width, norm), conv(width, width, norm)]
            before = width
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(before, 10)
        self.to(memory_format=torch.channels_last)  # the order in which a CPU convolves fastest

    def forward(self, x):
        x = x.contiguous(memory_format=torch.channels_last)
        return self.head(self.features(x).mean(dim=(2, 3)))  # [B, 72, 7, 7] -> [B, 72] -> [B, 10]

# %% [markdown]
# The weight class, then the price: how long does each of them take to learn from 1,000 digits on *your* machine?
#
# (`PATCH` is 7 on a CPU and 4 on a GPU. The number of parameters is the same: what the smaller patch saves in the projection, it spends on positions.
# `IMAGES` says how many images each may look at. On a CPU the ViT gets about 3.6 times as many, which makes about equal time on two cores (the table in 6.4 has yours; in our run the ViT had a fifth more). On a GPU such small models wait for Python most of the time, and equal images are about equal time.)

# %% tags=["skip-grading", "nbval-ignore-output"]
SMOKE = profile() == "smoke"
# Patch size, images to learn from, and how many are seen in a long and in a short training.
PATCH, POOL, IMAGES, SHORT = {
    "smoke": (7, 200, {"CNN": 200, "ViT": 400}, {"CNN": 200, "ViT": 200}),
    "cpu": (7, 10_000, {"CNN": 30_000, "ViT": 110_000}, {"CNN": 10_000, "ViT": 36_000}),
    "gpu": (4, None, {"CNN": 550_000, "ViT": 550_000}, {"CNN": 110_000, "ViT": 110_000}),
}[profile()]
SIDE = 28 // PATCH
TOKENS = SIDE**2 + 1
LR = {"CNN": 5e-3, "ViT": training.budget(patch_size=PATCH).lr}


def contestant(name, seed=0, **changes):
    """An untrained CNN or ViT."""
    torch.manual_seed(seed)
    if name == "CNN":
        return CNN(**changes).to(device)
    model = VisionTransformer(embed_dim=64, hidden_dim=128, num_channels=1, num_heads=4, num_layers=3,
                              num_classes=10, patch_size=PATCH, num_patches=SIDE**2)
    return training.init_weights(model).to(device)


def parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


def now():
    if device == "cuda":
        torch.cuda.synchronize()  # a GPU works on while Python has gone ahead
    return time.perf_counter()


def price(model, rounds=5):
    """Seconds of training for 1,000 digits."""
    x, y = torch.randn(96, 1, 28, 28, device=device), torch.arange(96, device=device) % 10
    for step in range(2 + rounds):
        if step == 2:  # the first two warm up
            begin = now()
        F.cross_entropy(model(x), y).backward()
    return (now() - begin) / rounds / 96 * 1000


pd.DataFrame([
    {"model": name, "parameters": parameters(model), "seconds for 1,000 digits": round(price(model), 3)}
    for name in IMAGES for model in [contestant(name)]
]).set_index("model")

# %% [markdown]
# ## 6.2 The rules as code
#
# One function trains both. It is the recipe of notebook 04 in a plain loop: AdamW, warm-up and cosine, small turns, shifts and changes of size. The clock stops while it validates.
# (Notebook 04 ends with an epoch without augmentation. Not here: the two get different numbers of epochs, so on a CPU it would be nearly four times as large a share of one training as of the other. That is how unfairness gets in.)
#
# `predict` and `measure` look at the model without changing its weights, and leave it in `eval` mode. You will need all three again and again, so read them.

# %% tags=["skip-grading"]
def predict(model, images, split):
    """Logits [N, 10] for the images of a split, in order, on the CPU."""
    model.eval()
    with torch.no_grad():
        batches = data.batches(split, 500, mean=images.mean, std=images.std, device=device)
        return torch.cat([model(x).cpu() for x, _ in batches])


def measure(model, images, split):
    """(loss, accuracy in 0..1) on a split."""
    logits, labels = predict(model, images, split), split.labels
    return F.cross_entropy(logits, labels).item(), (logits.argmax(1) == labels).double().mean().item()


def fit(model, name, images, split, number, augment, watch=None, teacher=None, seed=0):
    """Train a model until it has seen about `number` images of `split`; return its learning curve.

    name: "CNN" or "ViT", for the learning rate; watch: a split on which the curve is measured, about twelve
    times; teacher: a trained model whose answers make half of the loss (section 6.11).
    """
    torch.manual_seed(seed)
    batches = data.batches(split, 96, train=True, augment=augment, seed=seed,
                           mean=images.mean, std=images.std, device=device)
    steps = max(round(number / len(split) * len(batches)), 1)
    optimizer = torch.optim.AdamW(training.parameter_groups(model), lr=LR[name])
    schedule = training.warmup_cosine(optimizer, None, steps)
    curve = {"images": [], "seconds": [], "train_loss": [], "val_loss": [], "val_accuracy": []}
    step = seen = seconds = 0
    losses = []
    bar = tqdm(total=steps, desc=name, unit="step", leave=False)
    model.train()
    begin = now()
    while step < steps:
        for x, y in batches:
            if step == steps:
                break
            logits = model(x)
            loss = F.cross_entropy(logits, y)
            if teacher is not None:
                loss = 0.5 * loss + 0.5 * difference_to(teacher, x, logits)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.detach())
            step, seen = step + 1, seen + len(y)
            bar.update()
            if watch is not None and (step % max(steps // 12, 1) == 0 or step == steps):
                seconds += now() - begin
                val_loss, val_accuracy = measure(model, images, watch)
                values = (seen, seconds, torch.stack(losses).mean().item(), val_loss, val_accuracy)
                for key, value in zip(curve, values):
                    curve[key].append(value)
                losses = []
                model.train()
                begin = now()
    bar.close()
    model.eval()
    return curve

# %% tags=["skip-grading", "nbval-ignore-output"]
def sample(split, number):
    """A balanced random sample of about `number` images, or as many as there are."""
    fewest = int(split.labels.bincount().min())
    return data.few(split, max(min(number // 10, fewest), 1))


digits = data.digits()
pool = digits.train if POOL is None else sample(digits.train, POOL)  # what both learn from
asked = sample(digits.val, 50 if SMOKE else 1000)  # the validation digits of all experiments
TURNS = training.Augment()  # turned, moved, scaled
print(f"{digits.source}: both learn from {len(pool):,} digits, "
      f"and the experiments ask about {len(asked):,} validation digits.")

# %% [markdown]
# ## 6.3 Round one: digits
#
# **Predict, then look.** Who is ahead after the first few thousand digits? Who is ahead at the end? And does it matter whether you draw the curve against images or against time?

# %% tags=["skip-grading", "nbval-ignore-output"]
trained, curves = {}, {}
for name in IMAGES:
    model = contestant(name)
    curves[name] = fit(model, name, digits, pool, IMAGES[name], TURNS, watch=asked)
    trained["digits", name] = model, curves[name]
figures.curves(curves, f"{digits.source}: the same recipe, about the same time")

# %% [markdown]
# <details><summary>What to look for</summary>
#
# *The start.* A CNN need not find out that neighbouring pixels belong together, nor that a stroke is the same stroke two pixels further on: it is wired that way. A ViT has to learn both from the digits. This is called an **inductive bias**, and it is worth most when you have seen little.
#
# *The end.* Look at how the gap changes along the curve, not only at its last point. A bias saves you data. Once there are enough data, there is less to save.
#
# *Images or time.* Against images, the CNN should lead from the start. Against time, your ViT may lead at first: on a CPU it looks at more than three times as many digits a second. Whoever draws only one of the two pictures has chosen what you see.
#
# *A caution about the start.* Warm-up is a tenth of each training, so on a CPU the ViT's takes about 3.6 times as many images. The first points compare schedules as well as models. Section 6.6 is cleaner.
#
# *The dashed lines* are losses on augmented digits, averaged while the model was learning. So they begin above the solid ones (notebook 04). Where they end below, the model knows the digits it learned from better than new ones. If the CNN's solid line jumps about in the middle of the training, where the learning rate is high: section 6.10 looks at the part that may be behind it.
# </details>

# %% [markdown]
# ## 6.4 Round two: clothes
#
# Digits are easy: well-trained models of many kinds pass 99 %, and little is left to tell them apart. Fashion-MNIST has the same format, 28 x 28 in grey, and is much harder: a shirt and a coat differ in a collar. The clothes are turned by three degrees at most: they were all photographed upright.

# %% tags=["skip-grading", "nbval-ignore-output"]
try:
    clothes = data.fashion()
except data.DataError as error:
    clothes = None
    print(f"{error} This notebook goes on with the digits alone.")

if clothes is not None:
    clothes_pool = clothes.train if POOL is None else sample(clothes.train, POOL)
    clothes_asked = sample(clothes.val, 50 if SMOKE else 1000)
    curves = {}
    for name in IMAGES:
        model = contestant(name)
        curves[name] = fit(model, name, clothes, clothes_pool, SHORT[name] * (1 if SMOKE else 2),
                           replace(TURNS, degrees=3), watch=clothes_asked)
        trained["clothes", name] = model, curves[name]
    display(figures.curves(curves, f"{clothes.source}: the same recipe, about the same time"))

# %% [markdown]
# **The table.** The recipe stood before the fight and will not be touched after it. So this is the moment for the test data, and the only one.

# %% tags=["skip-grading", "nbval-ignore-output"]
rows = []
for (title, name), (model, curve) in trained.items():
    images = digits if title == "digits" else clothes
    val_loss, val_accuracy = measure(model, images, images.val)
    test_loss, test_accuracy = measure(model, images, images.test)
    rows.append({
        "data": images.source, "model": name, "parameters": parameters(model),
        "images seen": curve["images"][-1], "seconds": round(curve["seconds"][-1], 1),
        "validation loss": round(val_loss, 3), "validation accuracy (%)": round(100 * val_accuracy, 2),
        "test loss": round(test_loss, 3), "test accuracy (%)": round(100 * test_accuracy, 2),
        "± (points)": round(100 * (test_accuracy * (1 - test_accuracy) / len(images.test)) ** 0.5, 2),
    })
pd.DataFrame(rows).set_index(["data", "model"])

# %% [markdown]
# **How sure is that?** An accuracy $p$ counted on $n$ images has a standard error of $\sqrt{p (1-p) / n}$. For 97 % on 1,000 digits that is half a point (the last column has it for the test images). A *difference* of two accuracies has $\sqrt{s_1^2 + s_2^2}$, about 1.4 times as much. If it is smaller than two of *those*, the two models have not been told apart. And this is *one* seed each: another one would move both.
# (The curves asked about fewer images than the table does. That is why the two may disagree a little.)
#
# Look at the losses as well. A model can be right as often and yet be less sure, or be surer of its mistakes. Accuracy does not see that.
#
# ## 6.5 Exercise: `precision_recall_f1`
#
# | difficulty | importance | your time | points |
# | :-: | :-: | :-: | :-: |
# | ●●○○○ | ●●●●○ | 15 minutes | 1.5 |
#
# One accuracy says nothing of *who* pays for the mistakes. A model that never says "shirt" can still be right nine times out of ten. So ask two questions for each class $k$. Let $C_{ij}$ be the number of images of class $i$ that were called $j$.
#
# - **Precision**: of all that were *called* $k$, which share is $k$? (Can I believe the model when it says $k$?)
# - **Recall**: of all that *are* $k$, which share was found? (Does it miss any?)
#
# $$\text{precision}_k = \frac{C_{kk}}{\sum_i C_{ik}}, \qquad \text{recall}_k = \frac{C_{kk}}{\sum_j C_{kj}}, \qquad F_{1,k} = \frac{2 \cdot \text{precision}_k \cdot \text{recall}_k}{\text{precision}_k + \text{recall}_k} .$$
#
# $F_1$ is their harmonic mean. **Why not the ordinary one?** A model that calls everything a shirt has recall 1 and precision 0.1 for shirts. The ordinary mean is 0.55, and sounds like half a success. The harmonic mean is 0.18.
#
# Where a denominator is 0, the result is 0: nothing was called $k$, or there was no $k$. This does happen in small samples, and a NaN would spread to every mean.

# %% nbgrader={"grade": false, "grade_id": "precision_recall_f1_solution", "locked": false, "schema_version": 3, "solution": true, "task": false}
def precision_recall_f1(confusion):
    """Precision, recall and F1 of every class.

    confusion  int [K, K], counts; rows are the true classes, columns the predicted ones; any K
    returns    (precision [K], recall [K], f1 [K]), float in 0..1; 0 where a denominator is 0
    """
    ### BEGIN SOLUTION
    right = confusion.diagonal().double()                  # (K,)
    called = confusion.sum(dim=0)                          # (K,) column sums: what was called k
    present = confusion.sum(dim=1)                         # (K,) row sums: what is k
    precision = right / called.clamp(min=1)                # where called is 0, right is 0 too
    recall = right / present.clamp(min=1)
    f1 = 2 * right / (called + present).clamp(min=1)       # the harmonic mean, written in counts
    return precision, recall, f1
    ### END SOLUTION

# %% [markdown]
# Stuck? Open the one that sounds like you.
#
# <details><summary>I mix up rows and columns</summary>
#
# `confusion.sum(dim=0)` adds up *along* axis 0, over the rows: what is left are column sums, one for each predicted class. Try it on a matrix of two classes with four different numbers, by hand.
# </details>
#
# <details><summary>The check says that precision and recall are exchanged</summary>
#
# "Of those *called* $k$" is a column, since columns are predictions. Which of the two sums over a column? Look at the order of the results as well.
# </details>
#
# <details><summary>I get nan or inf, or the check speaks of a denominator of 0</summary>
#
# Some class was never predicted, or never occurs. Divide only where you can: `torch.where`, or a count that is at least 1 (`.clamp(min=1)`). Adding a constant to *every* denominator changes the other classes too.
# </details>
#
# <details><summary>Everything is 0 or 1</summary>
#
# Counts are integers. `//` throws the fraction away, and so does `.long()` or `.int()` on the result. Use `/`.
# </details>
#
# <details><summary>I get one number where the check wants K</summary>
#
# You took a mean over the classes, or divided the diagonal's sum by the sum of everything (that is the accuracy). Keep one number a class.
# </details>
#
# <details><summary>All my values are far too small</summary>
#
# Did you divide by the number of *all* images? Each class has a denominator of its own.
# </details>
#
# <details><summary>Precision and recall are right, F1 is not</summary>
#
# $2pr/(p+r)$, with the 2, and not $(p+r)/2$. Where $p + r = 0$ it is 0. (`.clamp(min=1)` is for counts only: $p + r$ may well lie between 0 and 1. Use `torch.where`, or write F1 in counts.)
# </details>
#
# <details><summary>It works for ten classes only</summary>
#
# Take $K$ from the matrix, not from MNIST.
# </details>

# %% tags=["skip-grading"]
checks.precision_recall_f1(precision_recall_f1)

# %% nbgrader={"grade": true, "grade_id": "precision_recall_f1", "locked": true, "points": 1.5, "schema_version": 3, "solution": false, "task": false}
report = checks.precision_recall_f1(precision_recall_f1)
### BEGIN HIDDEN TESTS
report = checks.precision_recall_f1(precision_recall_f1, seed=None)
### END HIDDEN TESTS
1.5 * report.score

# %% [markdown]
# ### Where do the two go wrong?
#
# First the matrices, then your function. We use validation images: what we see may give us ideas.
#
# **Predict, then look.** Two models that share no part: do they make the same mistakes?

# %% tags=["skip-grading", "nbval-ignore-output"]
title, images = ("digits", digits) if clothes is None else ("clothes", clothes)
matrices, wrong = {}, {}
for name in IMAGES:
    answers = predict(trained[title, name][0], images, images.val).argmax(1)
    matrices[name] = multiclass_confusion_matrix(answers, images.val.labels, num_classes=10)
    wrong[name] = answers != images.val.labels
both = (wrong["CNN"] & wrong["ViT"]).sum()
chance = wrong["CNN"].sum() * wrong["ViT"].sum() / len(images.val)
print(f"Both are wrong on {both:,} of {len(images.val):,} images. "
      f"If they erred independently, it would be about {chance:.0f}.")
display(figures.confusions(matrices, images.classes, f"{images.source}: what is taken for what"))

try:
    scores = {name: precision_recall_f1(matrix) for name, matrix in matrices.items()}
    display(figures.scores(scores, images.classes, f"{images.source}, class by class"))
except NotImplementedError:
    print("The classes wait for your precision_recall_f1.")

# %% [markdown]
# <details><summary>What to look for</summary>
#
# Find the class with the lowest $F_1$. On clothes it is usually the shirt, for both models: T-shirts, pullovers and coats look like shirts at 28 pixels, and some of the labels are arguable: people without training in fashion reached 83.5 % (the data set's README). But published small CNNs pass 92 %, so many of these mistakes belong to the short training, and not to the data.
# Then look for a class where the dots of the two models lie far apart. That is a difference between the *models*, and it is what a mean over the classes (dotted) hides.
# A class with high precision and low recall is one that the model says too rarely. With the opposite, it says it too often. Where did the missing ones go? Follow the row in the matrix.
# </details>
#
# ## 6.6 How many images does each need?
#
# The same short training for each size: a model always sees about the same number of images. On a CPU that is 10,000 for the CNN and 36,000 for the ViT, which takes about the same time. They are taken from 1, 3, 10, 30 or 100 % of the digits. The smallest set has a few digits of each class, repeated many times.
#
# **Predict, then look.** Where is the gap largest?

# %% tags=["skip-grading", "nbval-ignore-output"]
SHARES = (10, 100) if SMOKE else (1, 3, 10, 30, 100)
results, counts, short = {name: [] for name in IMAGES}, [], {}
for share in SHARES:
    part = pool if share == 100 else sample(pool, len(pool) * share // 100)
    counts.append(len(part))
    for name in IMAGES:
        short[name] = contestant(name)  # the ones of 100 % are kept for the experiments below
        fit(short[name], name, digits, part, SHORT[name], TURNS)
        results[name].append(measure(short[name], digits, asked)[1])
figures.sizes(results, counts, len(asked))

# %% [markdown]
# <details><summary>What to look for</summary>
#
# Every wired-in idea is an answer that need not be learned. So the CNN should be ahead most where digits are rarest, and the lines should come closer together towards the right.
# The ViT paper saw the same at a scale of millions: trained on ImageNet alone, its ViTs stay a few points below ResNets of their size, and overtake them only after pretraining on 14 to 300 million images.
# Beware of the left end. The bars know of the digits that were asked about, not of which few digits were drawn to learn from. Another draw is another point: in the cell above, write `data.few(pool, len(pool) * share // 1000, seed=1)` in place of `sample(...)`, and run it again.
# </details>
#
# ## 6.7 Moved digits
#
# "A CNN does not care where a digit is." Let us see. We train once more, *without* shifts in the augmentation, so these two have only seen centred digits. The two that saw shifts of up to two pixels are there as well. Then all four read validation digits that were moved.
#
# **Predict, then look.** Sketch four curves. Which of the four is most like a flat line?

# %% tags=["skip-grading", "nbval-ignore-output"]
def moved(pixels, distance, seed=0):
    """Images [N, 1, H, W] moved by `distance` pixels up, down, left or right; black comes in."""
    way = torch.randint(4, (len(pixels),), generator=torch.Generator().manual_seed(seed))
    padded, out = F.pad(pixels, (distance,) * 4), torch.empty_like(pixels)
    for index, (down, right) in enumerate(((1, 0), (-1, 0), (0, 1), (0, -1))):
        top, left = distance - down * distance, distance - right * distance
        out[way == index] = padded[way == index, :, top : top + 28, left : left + 28]
    return out


centred = {}
for name in IMAGES:
    centred[name] = contestant(name)
    fit(centred[name], name, digits, pool, SHORT[name], replace(TURNS, shift=0.0))

DISTANCES = (0, 4) if SMOKE else (0, 1, 2, 3, 4, 6, 8)
readers = {f"{name}, trained on moved": short[name] for name in IMAGES}
readers |= {f"{name}, trained on centred": centred[name] for name in IMAGES}
results = {name: [] for name in readers}
for distance in DISTANCES:
    split = data.Split(moved(asked.images, distance), asked.labels)
    for name, model in readers.items():
        results[name].append(measure(model, digits, split)[1])
figures.shift(results, DISTANCES, len(asked))

# %% [markdown]
# <details><summary>What to look for</summary>
#
# *The CNN* hardly minds a few pixels, even the one that never saw a moved digit. A convolution moves its output along with its input, and the mean at the end forgets where it was. But *hardly* is not *not at all*, so the word "invariant" is wrong: look at 8 pixels, before you blame the ink that is lost (the other CNN lost the same ink). Pooling keeps every second place, and the border of zeros tells every layer where the edge is.
#
# *The ViT* has this wiring only in steps of a whole patch: all patches share one projection, but then positions are added. A digit moved by two pixels is a new set of patches. Moved by a whole patch it is the same patches at other positions, and positions matter to it. Trained on centred digits it is badly hurt by two pixels.
#
# *Augmentation buys what wiring does not give*, as far as it goes: compare the ViT's solid line with its dashed one. Shifts were drawn evenly up to two pixels, so a full two was rare, and the solid line has begun to fall there. Augmentation teaches what was shown, and fades at the rim of it. Far outside it need not help at all: compare the two at 8 pixels.
#
# A public experiment shows it more sharply, with clothes placed on a canvas of 64 pixels: trained in the centre and tested anywhere, a CNN falls to 35.4 % and ViTs to 16-19 %. Trained on random places, the CNN is back at 92.4 % and the ViTs at 75-80 %. Even the CNN did not know by itself. (Source: the README of `bingchengzhang/translated-fashionmnist-vit`.)
# </details>
#
# ## 6.8 Shuffled patches, strange surfaces
#
# Two claims from the literature on ImageNet: ViTs survive shuffled patches better than CNNs, and CNNs look at texture where ViTs look at shape. Those are models hundreds of times larger, trained on photographs. **Do not carry such claims over: measure.**
#
# First cut the digit into squares and put them back in random order. A third model joins in: your trained ViT with all its positions set to zero.
#
# **Predict, then look.** What will *its* bars look like?

# %% tags=["skip-grading"]
def shuffled(pixels, size, seed=0):
    """Images [N, 1, H, W] cut into squares of `size` pixels, each put together in an order of its own."""
    patches = F.unfold(pixels.float(), size, stride=size)  # [N, size * size, squares]
    generator = torch.Generator().manual_seed(seed)
    order = torch.rand(len(pixels), patches.shape[2], generator=generator).argsort(1)
    patches = patches.gather(2, order[:, None].expand_as(patches))
    return F.fold(patches, pixels.shape[-2:], size, stride=size).to(pixels.dtype)


def without_positions(model):
    """A copy of a ViT whose positions are zero, whatever they are called; None where none are found."""
    model = deepcopy(model)
    for parameter in model.parameters():
        if parameter.shape[:-1] in ((TOKENS,), (1, TOKENS)):
            parameter.data.zero_()
            return model
    return None


SQUARES = {"whole": 28, "14 px": 14, "7 px": 7, "4 px": 4, "2 px": 2}
pictures = {name: shuffled(asked.images, size) for name, size in SQUARES.items()}
figures.examples({name: images[:3] for name, images in pictures.items()}, "Shuffled squares")

# %% tags=["skip-grading", "nbval-ignore-output"]
readers = {name: trained["digits", name][0] for name in IMAGES}
blind = without_positions(readers["ViT"])
if blind is not None:
    readers["ViT without positions"] = blind
splits = {name: data.Split(images, asked.labels) for name, images in pictures.items()}
results = {
    reader: {name: measure(model, digits, split)[1] for name, split in splits.items()}
    for reader, model in readers.items()
}
if blind is not None:
    one, two = (predict(blind, digits, splits[name]) for name in ("whole", f"{PATCH} px"))
    largest = (one - two).abs().max()
    print(f"Without positions, whole and shuffled: the logits differ by {largest:.1e} at most.")
figures.bars(results, len(asked), "Who can read shuffled digits?", "side of the squares (pixels)")

# %% [markdown]
# <details><summary>What to look for</summary>
#
# Without positions the answer to a shuffled digit is *the same*, up to rounding: attention sums over a set, and the class token cannot tell in which order the set came (notebook 02). So "whole" and squares of your patch size agree to the last digit that matters. It holds for every square that is made of whole patches.
# It is a unit test as well. If your logits differ by more than rounding, something in your model knows the order: positions of another kind, or attention across images.
#
# Without positions the ViT still reads far more than guessing: the parts alone say much. On squares of its own patch size it may even beat the same ViT *with* positions, which trusts an arrangement that is now false.
# On whole digits the two intact models are far better. Both live from the arrangement, the CNN by its wiring, the ViT by its positions. On photographs, half a dog's ear still says dog. That is one reason why claims about ImageNet need not hold here.
# </details>
#
# **Surfaces.** The shape stays, the look changes.

# %% tags=["skip-grading"]
def surfaces(pixels, seed=0):
    """{name: the same images with another surface}; pixels: uint8 [N, 1, H, W]."""
    x = pixels.float()
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))
    stripes = 110.0 * (torch.arange(x.shape[-1]) % 4 < 2)
    inner = -F.max_pool2d(-x, 3, stride=1, padding=1)  # the smallest of nine pixels: strokes lose their rim
    changed = {"as it is": x, "noise": x + 80 * noise, "stripes": torch.maximum(x, stripes.expand_as(x)),
               "outline": x - inner, "blurred": F.avg_pool2d(x, 5, stride=1, padding=2), "negative": 255 - x}
    return {name: images.clamp(0, 255).to(torch.uint8) for name, images in changed.items()}


pictures = surfaces(asked.images)
figures.examples({name: images[:3] for name, images in pictures.items()}, "The same shapes, other surfaces")

# %% tags=["skip-grading", "nbval-ignore-output"]
def in_train_mode(model, split, size):
    """Accuracy in 0..1 of a model in train mode on batches of `size`: its BatchNorm uses the batch it is shown."""
    model = deepcopy(model).train()  # a copy: in train mode BatchNorm overwrites its running averages
    batches = data.batches(split, size, mean=digits.mean, std=digits.std, device=device)
    with torch.no_grad():
        return sum((model(x).argmax(1) == y).sum().item() for x, y in batches) / len(split)


results = {
    name: {look: measure(trained["digits", name][0], digits, data.Split(images, asked.labels))[1]
           for look, images in pictures.items()}
    for name in IMAGES
}
results["CNN, statistics of the changed digits"] = {
    look: in_train_mode(trained["digits", "CNN"][0], data.Split(images, asked.labels), 100)
    for look, images in pictures.items()
}
figures.bars(results, len(asked), "Who minds the surface?", "surface")

# %% [markdown]
# <details><summary>What to look for</summary>
#
# For you all six columns are equally easy, or nearly so. For a network "negative" is as far from the training digits as anything can be: background where ink was, everywhere. Nothing in either architecture says that ink may be white.
# And the others? Write down for which surface each of the two is ahead by more than the error bars: you will need it in section 6.13. Being ahead on clean digits says little about it.
# If your CNN suffers more from noise, stripes or blur, here are two guesses. Its first layer looks through windows of nine pixels, in which noise is large; a patch of 49 pixels averages it away. (That does not explain blur.) Or: its BatchNorm subtracts the mean that it has learned from clean digits, not that of the picture before it.
# The third bars test the second guess. It is the same CNN with the same weights, but its BatchNorm takes mean and variance from 100 of the changed digits. **In our run that brought it back to nearly what it reads on clean digits**, and far ahead of the ViT: from guessing on noise and stripes, and from a third on blur (not on negatives). So the small windows were not to blame. A claim about "CNNs" would have been a claim about one setting of one layer. Schneider and others found the same on photographs.
# A single line of augmentation (noise, contrast) would change the picture for both.
# </details>
#
# ## 6.9 Exercise: `mean_attention_distance`
#
# | difficulty | importance | your time | points |
# | :-: | :-: | :-: | :-: |
# | ●●●○○ | ●●●○○ | 25 minutes | 1.5 |
#
# How far does a layer look? For a CNN the wiring sets a limit, the **receptive field**: the square of pixels that can reach one place. For a ViT there is no limit: any patch may ask any other, from the first block on. So we measure what it *does*: the **mean attention distance** of Dosovitskiy and others.
#
# Let $A_{lbh}$ be the attention of layer $l$, image $b$ and head $h$, without the class token's row and column, and let $c_i$ be the centre of patch $i$ in pixels. What is left of each row no longer sums to 1, so it is divided by its sum. Then
#
# $$d_{lh} = \frac{1}{B N} \sum_{b=1}^{B} \sum_{i=1}^{N} \sum_{j=1}^{N} \frac{A_{lbh,ij}}{\sum_{j'} A_{lbh,ij'}} \, \lVert c_i - c_j \rVert .$$
#
# In words: each patch looks at others, at some distance on average. Take the mean over the patches and over the images.

# %% nbgrader={"grade": false, "grade_id": "mean_attention_distance_solution", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mean_attention_distance(attention, grid, patch_size):
    """How far every head looks, in pixels.

    attention   float [L, B, H, T, T]: layers, images, heads, queries, keys; the class token is token 0
    grid        (h, w): rows and columns of patches, T = 1 + h * w; patches run row by row
    patch_size  side of a patch in pixels
    returns     float [L, H]: Euclidean distance between the centres of query and key patch, weighted by
                attention; without the class token, every query's weights summing to 1 again; mean over
                queries and images

    Dosovitskiy et al. 2021, figure 7 (right).
    """
    ### BEGIN SOLUTION
    h, w = grid
    patches = attention[..., 1:, 1:]                             # (L, B, H, N, N)
    patches = patches / patches.sum(dim=-1, keepdim=True)        # every query deals out 1 among the patches
    place = torch.arange(h * w, device=attention.device)
    centres = patch_size * torch.stack([place // w, place % w], dim=1).to(patches)  # (N, 2)
    distance = (centres[:, None] - centres[None]).norm(dim=-1)   # (N, N)
    return (patches * distance).sum(dim=-1).mean(dim=(1, 3))     # (L, B, H, N) -> (L, H)
    ### END SOLUTION

# %% [markdown]
# Stuck? Open the one that sounds like you.
#
# <details><summary>I do not know where to start</summary>
#
# Two things have to be made. The weights between patches: cut the class token off, divide each row by its sum. The distances between patches, `[N, N]`: the same for all images. Then multiply, sum over the keys, and take means.
# </details>
#
# <details><summary>How do I get all the distances without a loop?</summary>
#
# Patch $n$ lies in row $n // w$ and column $n \% w$. Stack the two to `[N, 2]`. Then `centres[:, None] - centres[None]` has shape `[N, N, 2]`: all differences at once. (Centres or corners: it makes no difference to a distance.)
# </details>
#
# <details><summary>My distances are too small by a constant factor</summary>
#
# The factor is `patch_size`: you count patches, not pixels.
# </details>
#
# <details><summary>My distances are only a little too small</summary>
#
# The class token's share is missing from each row, so the weights do not sum to 1. Or the class token is still there, with a distance of 0. Cut first (`[..., 1:, 1:]`), then divide.
# </details>
#
# <details><summary>I did divide, and it is still not right</summary>
#
# By what? Each *query* sums to 1: that is the last axis, with `keepdim=True`. One sum over the whole matrix gives more weight to those queries that look little at the class token. A sum over axis -2 makes the *keys* sum to 1.
# </details>
#
# <details><summary>The check says that square grids work and others do not</summary>
#
# The grid is `(h, w)`, rows first. With $w$ columns, the row of patch $n$ is $n // w$, not $n // h$.
# </details>
#
# <details><summary>My numbers are far too large</summary>
#
# Squared distances without the square root? A sum over the queries or images in place of a mean? Or $|\Delta x| + |\Delta y|$, which is the way a taxi drives?
# </details>
#
# <details><summary>The check complains about the shape</summary>
#
# One number for each layer *and head*, `[L, H]`: images and queries are averaged, heads are not. `.mean(dim=(1, 3))` after the sum over the keys.
# </details>

# %% tags=["skip-grading"]
checks.mean_attention_distance(mean_attention_distance)

# %% nbgrader={"grade": true, "grade_id": "mean_attention_distance", "locked": true, "points": 1.5, "schema_version": 3, "solution": false, "task": false}
report = checks.mean_attention_distance(mean_attention_distance)
### BEGIN HIDDEN TESTS
report = checks.mean_attention_distance(mean_attention_distance, seed=None)
### END HIDDEN TESTS
1.5 * report.score

# %% [markdown]
# ### Wired sight, learned sight
#
# For the CNN we measure two things after each convolution: the mean distance to *all* pixels of the receptive field (as far as it lies in the image), and the mean distance weighted by the **gradient**, that is, by how much each pixel can change the place in the middle. For your ViT we use your function.
#
# **Predict, then look.** The receptive field of the last convolution is larger than the image. Does the CNN use it? And does the first block of the ViT look near or far?

# %% tags=["skip-grading", "nbval-ignore-output"]
def receptive_fields(cnn):
    """For every convolution (index in cnn.features, side of the field, spacing of its places), in pixels."""
    found, side, spacing = [], 1, 1
    for index, part in enumerate(cnn.features):
        if isinstance(part, nn.MaxPool2d):
            side, spacing = side + spacing, 2 * spacing  # a window of 2
        else:
            side += 2 * spacing  # a window of 3
            found.append((index, side, spacing))
    return found


def gradient_distance(cnn, x, index, side, spacing):
    """Mean distance of pixels from the middle place: (weighted by the gradient, all of the field alike)."""
    x = x.clone().requires_grad_()
    out = cnn.features[: index + 1](x)  # [B, C, h, w]
    middle = out.shape[-1] // 2
    (gradient,) = torch.autograd.grad(out[:, :, middle, middle].sum(), x)
    weight = gradient.abs().mean(dim=(0, 1)).cpu()  # [28, 28]
    offset = torch.arange(28) - ((middle + 0.5) * spacing - 0.5)  # from the centre of that place, in pixels
    distance = (offset[:, None] ** 2 + offset**2).sqrt()
    inside = (offset.abs()[:, None] <= side / 2) & (offset.abs() <= side / 2)
    return ((weight * distance).sum() / weight.sum()).item(), distance[inside].mean().item()


def watched(model, x):
    """Attention [L, B, H, T, T] of a batch of images, or None where it cannot be seen."""
    seen = [attention.weights(model, image, tokens=TOKENS) for image in x]
    return None if seen[0] is None else torch.stack(seen, dim=1)


cnn, vit = trained["digits", "CNN"][0].eval(), trained["digits", "ViT"][0]
x, _ = next(iter(data.batches(asked, 8 if SMOKE else 64, mean=digits.mean, std=digits.std, device=device)))
fields = [(side, *gradient_distance(cnn, x, index, side, spacing))
          for index, side, spacing in receptive_fields(cnn)]
after, before = watched(vit, x), watched(contestant("ViT"), x)
alike = torch.full((1, 1, 1, TOKENS, TOKENS), 1 / TOKENS)  # a head that looks at all tokens alike
try:
    heads, untrained, even = (
        None if seen is None else mean_attention_distance(seen, (SIDE, SIDE), PATCH)
        for seen in (after, before, alike)
    )
    display(figures.reach(fields, heads, untrained, even))
except NotImplementedError:
    print("The distances wait for your mean_attention_distance.")

# %% [markdown]
# <details><summary>What to look for</summary>
#
# *The CNN.* The field grows by the wiring's rule (its side stands above the dots), and what the gradient says grows more slowly. Pixels in the middle reach a place by many paths, those at the rim by one. Luo and others call it the *effective* receptive field. A large field is a permission, not a habit.
#
# *The ViT before training.* Queries and keys are random. The weights are not even, but they know nothing of places, so the crosses should lie near the dotted line. A ViT starts global and has to learn to be local, if that helps.
#
# *The ViT after training.* Do the heads of one block spread out? In large ViTs some heads of the first blocks become local, like convolutions, and others stay global. Raghu and others found that this locality is learned only from many images. With few, early heads stay far-sighted, and the model is worse.
#
# *A caution.* The two panels do not measure the same thing, so compare within a panel. The CNN's place is the middle one, from which no pixel is very far; the ViT's mean is over all patches, also those in the corners. A gradient knows about all layers below. Attention distance knows about one block alone, and nothing about what is carried or about the residual, which keeps each token at home.
# </details>
#
# ## 6.10 An experiment that surprises: a batch of one
#
# Both models normalise. **BatchNorm** (in the CNN) takes mean and variance of each channel over all images of the batch and all places. **LayerNorm** (in the ViT) takes them over the features of one token, and never looks at another image:
#
# $$\hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}}, \qquad \text{BatchNorm: } \mu, \sigma \text{ over } (B, H, W) \text{ for each } C; \qquad \text{LayerNorm: over } D \text{ for each token}.$$
#
# In `eval` mode BatchNorm uses running averages from training in place of the batch. Now suppose you forget `model.eval()`. There is no dropout in either model, so nothing else depends on the mode. You ask about one digit at a time.
#
# A third model stands between the two: the same CNN with LayerNorm's idea (`nn.GroupNorm(1, C)`: over channels and places of one image).
#
# **Predict, then look.** Write three accuracies down: for batches of 96 digits, of 4, and of one.

# %% tags=["skip-grading", "nbval-ignore-output"]
crowd = data.Split(asked.images[:300], asked.labels[:300])
layered = contestant("CNN", norm=lambda width: nn.GroupNorm(1, width))
fit(layered, "CNN", digits, pool, IMAGES["CNN"], TURNS)
readers = {"CNN": trained["digits", "CNN"][0], "CNN with LayerNorm": layered, "ViT": trained["digits", "ViT"][0]}
COMPANY = (1, 4, 30) if SMOKE else (1, 2, 4, 16, 96)
results = {name: [in_train_mode(model, crowd, size) for size in COMPANY] for name, model in readers.items()}
alone = {name: measure(model, digits, crowd)[1] for name, model in readers.items()}  # in eval mode
figures.company(results, alone, COMPANY, len(crowd))

# %% [markdown]
# <details><summary>What happened?</summary>
#
# Follow one channel of the last convolution. With a batch of one, BatchNorm subtracts the mean of that channel *over the places of this one image*, and divides by its spread. So whatever the digit, each channel leaves with mean 0 and variance 1 (then a learned scale and shift, the same for all digits).
# But the head reads exactly that: the mean of each channel over the places. "How much of this feature is in the image" has been normalised away, and only the ReLU lets a rest of it through. The weights are as good as ever. The question has been erased.
#
# With more digits in the batch, mean and variance are those of a crowd, and a digit may differ from it again. With LayerNorm there is no crowd: both other models give the same answer in any company. The lines that are flat are flat exactly.
#
# Three things follow.
# - `model.eval()` is not a formality. (And a model whose answer depends on its neighbours was bug 1 of notebook 05.)
# - BatchNorm needs batches of some size in *training* too. With two or four large images on a GPU its statistics are noise. That is where GroupNorm came from.
# - Transformers use LayerNorm because it knows nothing of the batch: sentences have different lengths, and a batch can be as small as you like.
#
# Is BatchNorm bad, then? The dashed lines are the same models in `eval` mode. If that of the CNN with LayerNorm is lower, do not read too much into it: the rate was the one of the CNN with BatchNorm, and nobody looked for a better one. What this figure shows is which lines are *flat*. In `eval` mode BatchNorm costs nothing: it is a fixed scale and shift, and can be folded into the convolution.
# </details>
#
# ## 6.11 If you cannot beat it, learn from it
#
# DeiT trained ViTs on ImageNet alone, without the 300 million extra images, and one of its means was a teacher. A CNN that has been trained shows the ViT not only *that* a digit is a 4, but *how much* it looks like a 9. Touvron and others found that a CNN is a better teacher for a ViT than another Transformer: probably, they write, because it hands its bias on.
#
# We use the older, soft form (Hinton and others). With logits $s$ of the pupil, $z$ of the teacher, and a temperature $\tau$ that flattens both,
#
# $$\mathcal L = \tfrac12 \, \text{CE}(s, y) + \tfrac12 \, \tau^2 \, \text{CE}\big(s/\tau, \, \text{softmax}(z/\tau)\big).$$
#
# As in PyTorch, $\text{CE}$ takes logits first, and applies the softmax to them itself.
#
# **Why the temperature?** A trained CNN gives the right digit nearly everything. At $\tau = 3$ the rest becomes large enough to learn from. **Why $\tau^2$?** The gradient of the second term shrinks by it. (DeiT itself uses the teacher's hard answer, and a token of its own to receive it.)

# %% tags=["skip-grading", "nbval-ignore-output"]
def difference_to(teacher, x, logits, tau=3.0):
    """Cross-entropy to the teacher's softened shares: x [B, 1, 28, 28], logits [B, 10] -> scalar."""
    with torch.no_grad():
        wanted = (teacher(x) / tau).softmax(dim=1)  # the teacher sees the same augmented digits
    return tau**2 * F.cross_entropy(logits / tau, wanted)


teacher = trained["digits", "CNN"][0].eval()
told = predict(teacher, digits, asked).argmax(1)
few = sample(pool, 60 if SMOKE else 300)  # where labels are few, a teacher has more to say
pupils = {"ViT": short["ViT"]}
pupils["ViT, taught"] = contestant("ViT")
fit(pupils["ViT, taught"], "ViT", digits, pool, SHORT["ViT"], TURNS, teacher=teacher)
for name, helper in (("ViT, few digits", None), ("ViT, few digits, taught", teacher)):
    pupils[name] = contestant("ViT")
    fit(pupils[name], "ViT", digits, few, SHORT["ViT"] // 2, TURNS, teacher=helper)

results = {}
for name, model in pupils.items():
    said = predict(model, digits, asked).argmax(1)
    results[name] = {"is right": (said == asked.labels).double().mean().item(),
                     "is the CNN's answer": (said == told).double().mean().item()}
print(f"The teacher reads {(told == asked.labels).double().mean():.1%} of these digits rightly. "
      f"Few digits: {len(few):,}.")
print(pd.DataFrame(results).T.map("{:.1%}".format).to_string())
figures.bars(results, len(asked), "The same ViT: labels alone, or with a teacher",
             "the answer", ylabel="share of the digits (%)", guessing=False)

# %% [markdown]
# <details><summary>What to look for</summary>
#
# Is the gain larger than the error bars? If not, you have not shown a gain. More digits to ask about, or more seeds, would tell.
# The group of bars on the right asks another question: did the pupil come closer to *this* teacher? A pupil can agree more often and still be wrong, together with the teacher.
# Where should a teacher help most? Where the gap between the two is widest (section 6.6): that is what the two models of few digits are for. (Their teacher learned from all digits of the pool. So it brings in knowledge of digits that the pupil never sees.) In our run neither gain was larger than the bars, and the long run in 6.12 gained next to nothing.
# And count honestly. The teacher had to be trained, and it runs in every step. A fight at equal time would give the untaught ViT all these seconds as well.
# </details>
#
# ## 6.12 What is published, and why it came out so
#
# | study | ViT | CNN | what was not equal |
# | --- | :-: | :-: | --- |
# | a blog, MNIST | 90.38 % | 97.55 % | the ViT had two bugs that cancel (notebook 05): attention ran across the batch. |
# | a study, MNIST | 95.03 % | 97.35 % | a ViT-B/16 from ImageNet of which *only the last layer* was trained, against a CNN trained as a whole. Both are validation accuracies. |
# | a study, Fashion-MNIST | 93.00 and 91.86 % | 90.32 % | the other way round: the ViT had augmentation and dropout, the CNN neither. |
#
# Two say CNN, one says ViT, and none compared two models under one set of rules. How do you tell? In the first, 90 % on MNIST is what a *linear* classifier gets (88 % in LeCun and others 1998, about 92 % for a well-trained softmax regression): a reason to look for bugs.
# In the second, the same backbone reaches 99.2 to 99.5 % when all of it is trained (so say the cards of several public models). In the third, the data set's own README lists CNNs with two convolutions between 87.6 and 93.2 % (sent in by readers, not checked). So 90.32 is an ordinary one, and the ViT's lead is within what a recipe changes.
#
# It happens to professionals too. The authors of DHVT, a ViT for small data sets, found that their CNN baselines had been handicapped, by shrinking 32-pixel images to 8 before the first stage. They said so in public and corrected their tables. That is how it should be done.
#
# The course's own long runs give both models the same data, augmentation, batch size and ten epochs of all 55,000 images, with patch 4. There the optimiser differs as well (Muon for the ViT, AdamW for the CNN), unlike in 6.1. Read what came out as you have just read the studies: what was not equal?
#
# <!-- results: begin -->
#
# | recorded runs | published | ours, % (seeds) | seconds |
# | --- | --: | --: | --: |
# | MNIST: CNN, six 3x3 convolutions, BatchNorm, 10 epochs | 97.55 | **99.65** (1) | 642 |
# | MNIST: the course's ViT, patch 4, Muon, 10 epochs | 90.38 | **99.35** ± 0.04 (3) | 551 |
# | MNIST: the course's ViT, patch 4, Muon, taught by the CNN, 10 epochs |  | **99.41** (1) | 1,540 |
# | MNIST: the same CNN with one group of all channels in place of BatchNorm, 10 epochs |  | **99.64** (1) | 668 |
# | Fashion-MNIST: CNN, six 3x3 convolutions, BatchNorm, 10 epochs |  | **93.31** (1) | 748 |
# | Fashion-MNIST: the course's ViT, patch 4, Muon, 10 epochs |  | **90.66** (1) | 669 |
#
# Ours: percent of test images at the last epoch, mean ± standard deviation over the seeds. Published: what the row is compared with, of the study's own model and images (a linear probe: of its validation images). Seconds of processor time of one training, on a GPU by the clock. A row that nobody has measured says so. The course's repository has the commands: `solutions/results.json`.
#
# <!-- results: end -->
#
# **So, who is better?** On small images, from scratch, with little time: expect the CNN. The gap depends on recipe and budget. It shrinks with data, augmentation and length, and notebook 09 tries a few convolutions in front of a ViT. With pretraining on large data it can turn round: that is what the ViT paper showed.
#
# ## 6.13 Two short answers
#
# | difficulty | importance | your time | points |
# | :-: | :-: | :-: | :-: |
# | ●●●○○ | ●●●●○ | 30 minutes | 1 each |
#
# A person reads these. What counts is the chain *measurement, mechanism, conclusion*, not length: 150 words each will do.
#
# **Answer 1: strengths and weaknesses.** Name one strength and one weakness of the CNN, and one strength and one weakness of the ViT. For each of the four, give a number of *your own* run above that shows it (with the section), and say in a sentence which part of the model causes it. If a difference lies within the error bars, say so. A quarter of a point each.

# %% [markdown] nbgrader={"grade": true, "grade_id": "strengths_and_weaknesses", "locked": false, "points": 1, "schema_version": 3, "solution": true, "task": false}
# **A model answer** (replace every "..." by the number of your run; which model is ahead where is for the run to say).
#
# *CNN, strength.* It needs few digits: with the smallest set it reads ... % against ... % of the ViT (6.6), far more than the error bars. Its small windows with shared weights mean that locality, and "the same stroke elsewhere", need not be learned.
#
# *CNN, weakness.* On blurred and noisy digits (6.8) it reads ... % and ... %, the ViT ... % and ... %, far more than the error bars. With the statistics of the changed digits it reads ... %: its BatchNorm subtracts a mean that it has learned from clean digits. That belongs to the choice of norm and not to convolutions. (An answer that blames the small windows alone has the cause wrong: the third bars speak against it. Also accepted: dearer per image, 6.1; sees far only after many layers, and uses less of its field than it might, 6.9; BatchNorm ties a digit to its batch, 6.10, if the answer says that this belongs to the norm.)
#
# *ViT, strength.* The same two numbers from the other side: LayerNorm takes its statistics from the token before it, so nothing learned about clean digits is subtracted. (Also accepted: every patch can reach every other in the first block, 6.9; cheap with large patches, so that it sees ... times as many digits in the same time, 6.1 and 6.3; the answer does not depend on the batch, 6.10.)
#
# *ViT, weakness.* Trained on centred digits it loses ... points when they move by ... pixels, the CNN ... (6.7): a moved digit is a new set of patches, and positions are learned one by one. (Also accepted: few digits, 6.6.)
#
# **Marking scheme (1 point).** For each of the four items 0.25:
# - 0.25: a claim, a number of the student's own run that fits it, and a cause in the architecture that explains it.
# - 0.15: claim and number, but the cause is missing, or is only a name ("inductive bias") without what it does.
# - 0.1: claim and cause are right, but there is no number of the student's own.
# - 0: claimed from the literature against the student's own figures; a difference within the error bars given as a fact; a number of parameters or a training setting given as a property of the architecture.
#
# An honest "no difference beyond the error bars was found for ..., although I expected one because ..." earns the full 0.25 for that item.

# %% [markdown]
# **Answer 2: what would you try next?** Three designs bring the two worlds together:
#
# - **DeiT** keeps the plain ViT and trains it with strong augmentation and a CNN as its teacher.
# - **Swin** lets patches attend only within small windows, moves the windows from block to block, and merges patches as it goes deeper.
# - **CvT** makes tokens, queries, keys and values with convolutions, and can do without positions.
#
# Choose one (or another one that you know) for small images, at equal parameters. Say (a) which weakness *measured above* it should mend, (b) by which mechanism, (c) how you would test that: what is compared with what, what is kept equal, how many seeds, which number decides, (d) which result would convince you that you were wrong. A quarter of a point each.

# %% [markdown] nbgrader={"grade": true, "grade_id": "what_next", "locked": false, "points": 1, "schema_version": 3, "solution": true, "task": false}
# **A model answer (CvT).** (a) The ViT's loss on moved digits (6.7). (b) CvT makes its tokens with overlapping convolutions: a digit moved by a pixel gives nearly the same tokens, moved along. Its projections are convolutions too, so what is near is known without learned positions, and these, which tie an answer to a place, can go.
# (c) The plain ViT against the same ViT with a convolutional stem and convolutional projections, widths chosen so that both have about 105,500 parameters. The same digits, augmentation without shifts, and training time; five seeds each. The number that decides: accuracy on validation digits moved by 4 pixels, with the accuracy on centred ones beside it. A second run with positions kept shows which of the two changes did it.
# (d) If the two differ by less than two standard errors at 4 pixels, or if CvT gains as much on centred digits as on moved ones, the stem made a better model, and not one that minds shifts less.
#
# **Others, in short.** *DeiT:* mends the need for data (6.6); the teacher's shares carry its bias and more bits than a label; test: 1, 3, 10 % of the digits, with teacher, with the augmentation alone, and with a ViT of the same accuracy as the teacher; wrong if the ViT teacher does as well as the CNN (then it is soft labels, not bias), or if the untaught one catches up at equal time.
# *Swin:* mends the missing locality (6.9) and the cost with small patches; windows make near patches the only ones to ask, and merging gives a hierarchy as pooling does; test: patch 2 at equal time, with windows and without; wrong if the gap to the CNN at few digits stays. Good answers notice that a grid of 4 x 4 or 7 x 7 patches is hardly larger than one window: at this size Swin has little to save.
#
# **Marking scheme (1 point).** 0.25 for each of:
# - (a) a weakness that the student's own figures show, named with its section (0.1 if it is only from the literature);
# - (b) a mechanism of the chosen design that acts on *this* weakness (0.1 for a correct description of the design that is not tied to the weakness);
# - (c) a controlled test: one change at a time, what is kept equal, validation data, more than one seed (0.1 if one of these is missing, 0 if two are);
# - (d) an outcome that could really happen and would refute (b) (0 for "if it does not work").
#
# The design need not be the best one. A well-argued "none: longer training of the plain ViT first, because ..." with a test is worth full points.

# %% [markdown]
# ## What you take with you
#
# - Compare two models, not two recipes. Say what was equal: parameters, data, augmentation, and epochs or time.
# - A convolution knows beforehand what a ViT has to learn. That is worth most where data are few.
# - Accuracy hides who pays. Look at precision and recall, class by class.
# - "Invariant" and "robust" are claims to be measured, on your models, with error bars.
# - A receptive field is what a layer may see; gradient and attention distance are closer to what it does.
# - BatchNorm looks at the neighbours, LayerNorm does not. Call `model.eval()`.
# - Read a table of results with one question: what was *not* equal?
#
# *Sources: A. Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021 (attention distance: figure 7); H. Touvron et al., "Training Data-Efficient Image Transformers and Distillation Through Attention", ICML 2021 (DeiT); G. Hinton et al., "Distilling the Knowledge in a Neural Network", 2015;
# K. Simonyan and A. Zisserman, "Very Deep Convolutional Networks", ICLR 2015; S. Ioffe and C. Szegedy, "Batch Normalization", ICML 2015; J. Ba et al., "Layer Normalization", 2016; Y. Wu and K. He, "Group Normalization", ECCV 2018; W. Luo et al., "Understanding the Effective Receptive Field in Deep Convolutional Neural Networks", NeurIPS 2016;
# M. Raghu et al., "Do Vision Transformers See Like Convolutional Neural Networks?", NeurIPS 2021; A. Azulay and Y. Weiss, "Why Do Deep Convolutional Networks Generalize so Poorly to Small Image Transformations?", JMLR 2019; M. Naseer et al., "Intriguing Properties of Vision Transformers", NeurIPS 2021 (shuffled patches, texture); S. Schneider et al., "Improving Robustness Against Common Corruptions by Covariate Shift Adaptation", NeurIPS 2020 (BatchNorm with the statistics of the changed pictures);
# Z. Liu et al., "Swin Transformer", ICCV 2021; H. Wu et al., "CvT", ICCV 2021; Z. Lu et al., "Bridging the Gap Between Vision Transformers and Convolutional Neural Networks on Small Datasets", NeurIPS 2022 (DHVT; the correction is in its repository's README, commit a86fedab); Y. LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998; H. Xiao et al., "Fashion-MNIST", 2017, and its README; `bingchengzhang/translated-fashionmnist-vit`, README.*
