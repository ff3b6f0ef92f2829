# %% [markdown]
# # 4 · Training
#
# The model is complete, and it knows nothing. In this notebook it learns to read digits, and you learn to train in a way that others can believe.
#
# **When you are done you can**
# - say what the training, validation and test digits are for, and why the last ones are used once,
# - choose augmentations that fit the data (and say why a mirrored 2 is a bad idea),
# - write a `LightningModule` and train it with a schedule, checkpoints and logs, and go on after a disconnect,
# - read learning curves, a confusion matrix and attention maps, and know what they do *not* say.
#
# | difficulty | importance | your time | computing time, CPU | computing time, T4 | points |
# | :-: | :-: | :-: | :-: | :-: | :-: |
# | ●●●○○ | ●●●●● | 90 minutes | about 5 minutes | not measured | 3 |
#
# You need your `VisionTransformer`. You do not need a GPU: five epochs on a CPU earn full marks.
# **On Colab**, mount your Drive first (folder icon on the left, then the Drive icon). Then your code and your checkpoints survive a disconnect.

# %%
import logging
import os
import warnings

import lightning as L
import torch
import torch.nn.functional as F
from torchmetrics.functional.classification import multiclass_confusion_matrix

from helpers import attention, carry, checks, data, environment, evidence, submission, training
from helpers.figures import training as figures
from helpers.profiles import profile

FOLDER = carry.folder().parent  # this folder, or your Drive on Colab: checkpoints, curves and logs go here
device = "cuda" if torch.cuda.is_available() else "cpu"

logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # Lightning likes to talk: warnings are enough
warnings.filterwarnings("ignore", message=".*treespec|Checkpoint directory")

# %% tags=["nbval-ignore-output"]
VisionTransformer = carry.load("vision_transformer")

# %% [markdown]
# ## 4.1 Three parts, three jobs
#
# A student who has seen the exam paper gets full marks and has learned nothing. It is the same with models. So the digits are split once, with a fixed seed, before anything else happens:
#
# - **Training digits** change the weights.
# - **Validation digits** make choices: which epoch was best, which learning rate, which patch size. The model never learns from them directly, but *you* do. Each choice fits them a little.
# - **Test digits** answer one question at the very end: how well does the final model read digits that nobody has used for anything?
#
# **Why use the test digits only once?** Try twenty recipes, keep the one with the best test accuracy, and that number is too high: you picked the luckiest of twenty.
# The only protection is to look when all choices are made. In this notebook that is section 4.9.

# %% tags=["skip-grading", "nbval-ignore-output"]
digits = data.digits()
budget = training.budget(source=digits.source)
print(f"{digits.source}: {len(digits.train):,} training, {len(digits.val):,} validation, {len(digits.test):,} test digits")
print(f"{profile()} profile: {budget}")
figures.split(digits)

# %% [markdown]
# ## 4.2 More digits for free, but the right ones
#
# Turn a 5 by a few degrees, push it by two pixels, make it a little larger: it is still a 5, and nobody had to label it. The model should give the same answer, and the cheapest way to tell it so is to show it.
# It matters more for a ViT than for a CNN. A CNN has the idea of a shift in its wiring. For a ViT, a digit two pixels further left is a set of quite different patches.
#
# **Why no flips?** Mirroring is the most common augmentation of all, because a mirrored cat is a cat. Look at the last column below.
# A mirrored digit is something that nobody writes, and the model would spend its capacity on it. A mirrored 2 comes close to a badly written 5 or 6, with the label 2. An augmentation is a promise that the label stays true. Check the promise for *your* data.
#
# In the very last epoch the augmentation is switched off: the model ends on digits of the kind that it will be asked about.

# %% tags=["skip-grading"]
some = [int((digits.train.labels == label).nonzero()[0]) for label in (2, 5, 7)]
figures.augmentation(digits.train.images[some], training.Augment())

# %% [markdown]
# The training digits lie on the device as one tensor of bytes. A batch is a slice of it, and the augmentation treats the whole batch at once. That is all the data loader that 28 x 28 pixels need, and it is much faster than opening images one by one.

# %% tags=["skip-grading"]
common = dict(mean=digits.mean, std=digits.std, device=device)
train_batches = data.batches(digits.train, budget.batch_size, train=True,
                             augment=budget.augment, limit=budget.limit, **common)
val_batches = data.batches(digits.val, 500, **common)
test_batches = data.batches(digits.test, 500, **common)

# %% [markdown]
# ## 4.3 The recipe
#
# **AdamW** with weight decay on matrices only. Weight decay pulls a weight towards zero. For a matrix that means a simpler map. A LayerNorm scale, a bias, the class token or a position has no reason to be near zero.
#
# **First weights of the right size.** A matrix with $n$ inputs starts with standard deviation $1/\sqrt n$, so a token keeps its size on the way through. Class token and positions start small (0.02): what a patch shows should not drown in where it is.
#
# **Warm-up, then a cosine.** The learning rate $\eta$ at step $t$ of $T$, with $w$ steps of warm-up:
#
# $$\eta_t = \eta_{\max} \cdot \frac{t + 1}{w + 1} \;\text{ for } t < w, \qquad \eta_t = \eta_{\max} \cdot \tfrac12 \Big(1 + \cos \pi \tfrac{t - w}{T - w}\Big) \;\text{ after that.}$$
#
# - *Why start low?* Adam divides each gradient by its running size. In the first steps that size is estimated from a handful of batches, so the steps are large and their direction is poor.
#   Pre-LN blocks survive this without a warm-up (notebook 02). But we want a high $\eta_{\max}$, since five epochs are short, and a short warm-up is what makes it safe.
# - *Why end at zero?* Every batch pulls the weights in its own direction. With a constant rate they never stop jumping around the minimum. As the rate falls, the jumps average out. In the curves of section 4.6 the accuracy still climbs at the very end, where the steps are smallest.

# %% tags=["skip-grading"]
optimizer = torch.optim.AdamW([torch.zeros(1, requires_grad=True)], lr=budget.lr)
steps = budget.epochs * len(train_batches)
schedule = training.warmup_cosine(optimizer, None, steps)
rates = []
for _ in range(steps):
    rates.append(schedule.get_last_lr()[0])
    optimizer.step()
    schedule.step()
figures.learning_rate(rates, len(train_batches))

# %% [markdown]
# ## 4.4 Exercise: `LitViT`
#
# | difficulty | importance | your time | points |
# | :-: | :-: | :-: | :-: |
# | ●●○○○ | ●●●●● | 20 to 30 minutes | 0, but the three points of this notebook need it |
#
# A `LightningModule` keeps together what belongs together: the model, what a step does with a batch, and the optimizer. The loop around it (epochs, devices, checkpoints, logs) is the `Trainer`'s business.
#
# For a batch of $B$ digits with logits $s \in \mathbb{R}^{B \times K}$ and labels $y$, the loss is the mean cross-entropy, and the accuracy is the share of digits whose highest logit is the right one:
#
# $$\mathcal{L} = -\frac1B \sum_{b=1}^{B} \log \frac{e^{s_{b, y_b}}}{\sum_{k} e^{s_{b,k}}}, \qquad \text{acc} = \frac1B \sum_{b=1}^{B} \big[\arg\max_k s_{b,k} = y_b\big].$$
#
# - Log `train_loss`, `train_acc`, `val_loss`, `val_acc`, `test_loss` and `test_acc`, with exactly these names: the checkpoint callback looks for `val_acc`. Averages over an epoch are what you want to see (`on_step=False, on_epoch=True`).
# - `configure_optimizers` returns AdamW (and a schedule, if you like) at the learning rate `self.hparams.lr`.
# - Ready to use: `training.init_weights(model, std=0.02)`, `training.parameter_groups(self)`, and `training.warmup_cosine(optimizer, None, total_steps)`, which wants to be stepped after every batch (`"interval": "step"`).
#   The number of steps to come is `self.trainer.estimated_stepping_batches`.

# %% nbgrader={"grade": false, "grade_id": "lit_vit_solution", "locked": false, "schema_version": 3, "solution": true, "task": false}
class LitViT(L.LightningModule):
    """A VisionTransformer together with its loss, its metrics and its optimizer.

    model_kwargs  dict, the arguments of VisionTransformer
    lr            the highest learning rate of the schedule

    Attribute `model` holds the VisionTransformer: checkpoints are read by this name.
    """

    def __init__(self, model_kwargs, lr):
        super().__init__()
        self.save_hyperparameters()  # a checkpoint then says how to rebuild the model
        ### BEGIN SOLUTION
        self.model = training.init_weights(VisionTransformer(**model_kwargs), std=0.02)
        ### END SOLUTION

    def forward(self, x):
        """x: float [B, C, H, W] -> logits [B, K]."""
        return self.model(x)

    def step(self, batch, stage):
        """The work that the three steps below share.

        batch: (x float [B, C, H, W], y int64 [B]); stage: "train", "val" or "test"
        -> loss, a scalar with gradient. Logs <stage>_loss and <stage>_acc.
        """
        ### BEGIN SOLUTION
        x, y = batch                                           # [B, C, H, W], [B]
        logits = self(x)                                       # [B, K]
        loss = F.cross_entropy(logits, y)                      # softmax is inside; mean over the batch
        accuracy = (logits.argmax(dim=1) == y).float().mean()
        values = {f"{stage}_loss": loss, f"{stage}_acc": accuracy}
        self.log_dict(values, on_step=False, on_epoch=True, prog_bar=True, batch_size=len(x))
        return loss
        ### END SOLUTION

    def training_step(self, batch, batch_idx):
        """Returns the loss that Lightning minimises."""
        ### BEGIN SOLUTION
        return self.step(batch, "train")
        ### END SOLUTION

    def validation_step(self, batch, batch_idx):
        """Logs val_loss and val_acc; returns nothing."""
        ### BEGIN SOLUTION
        self.step(batch, "val")
        ### END SOLUTION

    def test_step(self, batch, batch_idx):
        """Logs test_loss and test_acc; returns nothing."""
        ### BEGIN SOLUTION
        self.step(batch, "test")
        ### END SOLUTION

    def configure_optimizers(self):
        """Returns AdamW over all parameters at self.hparams.lr, alone or with a schedule."""
        ### BEGIN SOLUTION
        optimizer = torch.optim.AdamW(training.parameter_groups(self), lr=self.hparams.lr, fused=True)
        schedule = training.warmup_cosine(optimizer, None, self.trainer.estimated_stepping_batches)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
        ### END SOLUTION

# %% [markdown]
# Stuck? Open the one that sounds like you.
#
# <details><summary>I do not know where to start</summary>
#
# Write `step` first. It has four lines of work: take the batch apart, compute logits, compute loss and accuracy, log both. The three `..._step` methods then call it with the name of their stage. Only one of them has to return something.
# </details>
#
# <details><summary>ModelCheckpoint says: could not find the monitored key 'val_acc'</summary>
#
# It was never logged. Either `validation_step` does not log, or the name is a different one. Names are built like `f"{stage}_acc"`.
# </details>
#
# <details><summary>The loss starts at 2.30 and stops falling at about 1.5</summary>
#
# There are two softmaxes. `F.cross_entropy` wants logits: its softmax is inside.
# </details>
#
# <details><summary>The loss is near 200, or it changes with the batch size</summary>
#
# You add the losses of a batch up. The mean keeps the size of a step independent of the batch size.
# </details>
#
# <details><summary>RuntimeError: element 0 of tensors does not require grad</summary>
#
# Something cut the loss off from the model: `.item()`, `.detach()`, or `torch.no_grad()`. Log whatever you like, but return the tensor itself.
# </details>
#
# <details><summary>Training runs, but nothing is learned, and there is a warning that training_step returned None</summary>
#
# Then Lightning skips the update. `training_step` has to hand the loss over.
# </details>
#
# <details><summary>How do I return a schedule?</summary>
#
# As a dictionary: `{"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}`. Without `"interval"` Lightning steps it once an epoch, and the warm-up takes all your training.
# </details>

# %% tags=["skip-grading"]
report = checks.lit_vit(LitViT)
started = "not_implemented" not in report.codes
report

# %% [markdown]
# Not passed yet? Mend it first: the training below takes minutes, the check takes a second.

# %%
carry.save("lit_vit", LitViT)

# %% nbgrader={"grade": true, "grade_id": "lit_vit", "locked": true, "points": 0, "schema_version": 3, "solution": false, "task": false}
report = checks.lit_vit(LitViT)
### BEGIN HIDDEN TESTS
report = checks.lit_vit(LitViT, seed=None)
### END HIDDEN TESTS
0 * report.score

# %% [markdown]
# ## 4.5 Train
#
# The `Trainer` runs the loop. What it should remember is said in callbacks:
#
# - `ModelCheckpoint` keeps the weights of the epoch with the highest **validation** accuracy (`best.ckpt`), and those of the last epoch, from which a run can go on.
# - `first.ckpt` (after one epoch) and `middle.ckpt` (half-way) are kept too. Together the three show that your model learned, and the grader measures them again.
# - `LearningRateMonitor` writes the learning rate to the logs, so that you can see whether the schedule did what you think it did.
#
# **Colab threw you out?** Open the notebook again, mount the Drive, set `RESUME = True` and run everything from the top. Training goes on after the last complete epoch, with the same schedule and the same order of digits.

# %% tags=["skip-grading", "nbval-ignore-output"]
RESUME = False  # True: go on from the last epoch that was saved

model_kwargs = dict(embed_dim=64, hidden_dim=128, num_channels=1, num_heads=4, num_layers=3,
                    num_classes=10, patch_size=4, num_patches=49)
last = FOLDER / "checkpoints" / "last.ckpt"
if RESUME and not last.is_file():
    print(f"There is nothing to go on from in {last.parent}: training starts anew.")

if started:
    L.seed_everything(42, verbose=False)
    lit = LitViT(model_kwargs, lr=budget.lr)
    lit.example_input_array = torch.zeros(1, 1, 28, 28)  # TensorBoard draws the computation graph of this input
    trainer = L.Trainer(
        max_epochs=budget.epochs,
        accelerator="auto",
        devices=1,
        callbacks=training.callbacks(FOLDER, budget.epochs),
        logger=training.loggers(FOLDER),
        num_sanity_val_steps=0,
        log_every_n_steps=10,
    )
    trainer.fit(lit, train_batches, val_batches, ckpt_path=last if RESUME and last.is_file() else None)
    print(training.history(FOLDER).round(4).to_string(index=False))
else:
    print("Training waits for your LitViT.")

# %% [markdown]
# **TensorBoard** shows the logs of all your runs. Look at SCALARS for the curves and the learning rate, and at GRAPHS for the computation graph: click on `model` to open it, and you find your projection, your blocks and your head.
# (It opens by itself where a person sits in front of the notebook: in Colab and in Jupyter. Elsewhere set the flag to `True`.)

# %% tags=["skip-grading"]
SHOW_TENSORBOARD = environment.on_colab() or "JPY_SESSION_NAME" in os.environ

if started and SHOW_TENSORBOARD:
    get_ipython().run_line_magic("load_ext", "tensorboard")
    get_ipython().run_line_magic("tensorboard", f"--logdir {FOLDER / 'tensorboard'}")

# %% [markdown]
# ## 4.6 Read the curves
#
# **Predict, then look.** Training accuracy below validation accuracy: can that be right?

# %% tags=["skip-grading"]
if started:
    display(figures.curves(training.history(FOLDER)))
else:
    print("The curves wait for a training run.")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Yes, here it should be so. The training digits are turned, shifted and scaled, so they are harder. And their accuracy is the mean *over* an epoch, while the model is still learning. The validation digits are read at the end of the epoch.
# In the last epoch the augmentation is off, and the two curves come close.
# When training goes on and on, the order can change. If the validation loss then rises, the model learns the training digits by heart.
# </details>
#
# ## 4.7 Where is it wrong?
#
# One number hides a lot. Load the best checkpoint and look at its mistakes. We use the **validation** digits: what you see here may give you ideas, and ideas are choices.
#
# A checkpoint is data, not code. `weights_only=True` makes sure of that: a file from a stranger cannot run anything on your machine.

# %% tags=["skip-grading"]
@torch.no_grad()
def predict(model, batches):
    """Logits [N, K] of all batches, in order, on the CPU."""
    model.eval().to(device)
    return torch.cat([model(x).cpu() for x, _ in batches])


if started:
    checkpoint = torch.load(FOLDER / "checkpoints" / "best.ckpt", map_location="cpu", weights_only=True)
    lit.load_state_dict(checkpoint["state_dict"])
    logits = predict(lit, val_batches)  # [N, 10]
    matrix = multiclass_confusion_matrix(logits.argmax(dim=1), digits.val.labels, num_classes=10)
    display(figures.confusion(matrix))
else:
    print("The confusion matrix waits for a training run.")

# %% [markdown]
# Rows are what was written, columns are what was read. Find the darkest field. Would you have been sure about those digits?

# %% tags=["skip-grading"]
if started:
    display(figures.mistakes(digits.val.images, digits.val.labels, logits.softmax(dim=1)))
else:
    print("The mistakes wait for a training run.")

# %% [markdown]
# Some of them are hopeless for anybody. Others are clear to you, and the model is *sure* of the wrong answer. "90 % sure" is what the softmax says; it does not mean that nine of ten such answers are right.
#
# ## 4.8 Where does the class token look?
#
# In each block the class token gives every patch a weight (notebook 02: one row of the attention matrix). We draw these weights, the mean over the heads, on the digit.
# The last column asks another question: paint one patch over with background, and see how far the log-probability of the right digit falls.

# %% tags=["skip-grading"]
if started:
    right = logits.argmax(dim=1) == digits.val.labels
    chosen = [int((2 * (digits.val.labels == label) + right).argmax()) for label in (2, 4, 7)]  # read rightly, if any is
    x = torch.cat([x for x, _ in val_batches])[chosen]  # [3, 1, 28, 28], normalised
    maps = [attention.weights(lit, image, tokens=50) for image in x]  # each [layers, heads, 50, 50]
    labels = digits.val.labels[chosen]
    effects = [attention.occlusion(lit, image, int(label), patch_size=4) for image, label in zip(x, labels)]  # each [7, 7]
    display(figures.class_token(digits.val.images[chosen], maps, effects, labels))
else:
    print("The attention maps wait for a training run.")

# %% [markdown]
# **What the maps say, and what they do not.** An attention weight says how much of a patch token's value flows into the class token in this layer. It does not say *what* flows.
# In the first layer a patch token still stands for its own pixels. In the last layer it has talked to all the others, so a dark field at an empty corner need not mean that the corner matters.
# The effect of hiding is closer to "does the answer depend on this patch", but a digit with a square hole is also something the model was never trained on. The two need not agree. Believe neither alone.
#
# <details><summary>I see no attention columns, only the effect of hiding</summary>
#
# Your block computes attention in a way that cannot be watched from outside (for example, with a softmax written out by hand). That is fine, and hiding patches works for every model.
# </details>
#
# ## 4.9 The test digits, once
#
# All choices are made: the recipe, the number of epochs, the checkpoint. Now, and only now, the test digits. Whatever the number is, it is your result. If you go back and change something because of it, they have become validation digits.

# %% tags=["skip-grading", "nbval-ignore-output"]
if started:
    result = trainer.test(lit, test_batches, ckpt_path=FOLDER / "checkpoints" / "best.ckpt", verbose=False)[0]
    print(f"test accuracy {result['test_acc']:.2%}, test loss {result['test_loss']:.3f}")
    print(f"{digits.source}, {profile()} profile: {budget.epochs} epochs of {len(train_batches.labels):,} digits, best epoch {checkpoint['epoch'] + 1}")
else:
    print("The test waits for a training run.")

# %% [markdown]
# ## 4.10 The evidence
#
# Anybody can type "99 %" into a notebook. So the three points of this notebook are not for a number or a picture, but for three **checkpoints** that the grader loads into *your own* classes and measures again:
#
# | point | what is measured again |
# | --- | --- |
# | `test_accuracy` | the accuracy of `best.ckpt` on the test digits |
# | `train_curve` | the training loss falls from `first.ckpt` to `best.ckpt`, and `metrics.csv` tells the same story |
# | `val_curve` | the validation accuracy of `first.ckpt`, `middle.ckpt` and `best.ckpt` agrees with `metrics.csv`, and the best is the best |
#
# The next cell measures them as the grader will. How good is good enough? A right solution at the default budget has a comfortable margin. The thresholds depend on the digits you had: the full set or the small one.
# (Is this a second use of the test digits? It reads the same checkpoint again, and nothing is chosen by it.)

# %% tags=["skip-grading", "nbval-ignore-output"]
needed = evidence.THRESHOLDS[digits.source]
print(f"{digits.source} asks for: " + ", ".join(f"{name} {value:.1%}" for name, value in needed.items()))
for measure in (evidence.test_accuracy, evidence.train_curve, evidence.val_curve):
    display(measure(FOLDER))

# %% nbgrader={"grade": true, "grade_id": "test_accuracy", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false} tags=["nbval-ignore-output"]
report = evidence.test_accuracy(FOLDER)
1 * report.score

# %% nbgrader={"grade": true, "grade_id": "train_curve", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false} tags=["nbval-ignore-output"]
report = evidence.train_curve(FOLDER)
1 * report.score

# %% nbgrader={"grade": true, "grade_id": "val_curve", "locked": true, "points": 1, "schema_version": 3, "solution": false, "task": false} tags=["nbval-ignore-output"]
report = evidence.val_curve(FOLDER)
1 * report.score

# %% [markdown]
# <details><summary>It says that my checkpoint does not fit my VisionTransformer</summary>
#
# You changed the class after training. Run notebook 03 again up to `carry.save`, then restart this notebook and train again.
# </details>
#
# <details><summary>It says that a curve does not agree with metrics.csv</summary>
#
# The checkpoints and `metrics.csv` must come from one run. Did you stop a second run half-way? Train once more, or go on with `RESUME = True`.
# </details>
#
# <details><summary>My accuracy is far below the threshold</summary>
#
# In this order: do all checks of notebooks 01 to 04 pass? Does the loss start near 2.30 and fall (4.6)? Does the learning rate in TensorBoard look like the figure in 4.3? Did you run the smoke profile? It trains for a few seconds and is meant for tests.
# </details>
#
# ## 4.11 Hand in
#
# The last cell collects everything in `submission.zip`: your notebooks, your code, your checkpoints, your curves, and a report. First it tells you in plain words what is missing. Save all your notebooks before you run it.

# %% tags=["skip-grading", "nbval-ignore-output"]
submission.build(FOLDER)

# %% [markdown]
# ## What you take with you
#
# - Training digits change weights, validation digits make choices, test digits answer once.
# - An augmentation is a promise that the label stays true. Small turns keep a digit; a mirror does not.
# - Warm-up makes a high learning rate safe at the start. Going down to zero averages the jumps out at the end.
# - Log, keep checkpoints, be able to resume. A result that nobody can measure again is a rumour.
# - Look at the mistakes before you look for a larger model.
#
# **You have built a Vision Transformer from nothing, and it reads.** The core of the course ends here.
#
# *Sources: I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019 (AdamW); the same, "SGDR", ICLR 2017 (cosine); R. Xiong et al., "On Layer Normalization in the Transformer Architecture", ICML 2020 (warm-up);
# M. Zeiler and R. Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, section 4.2 (hiding patches).*
