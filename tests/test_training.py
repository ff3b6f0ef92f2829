"""The recipe: budgets, augmentation, parameter groups, schedule, initial weights; and what a run leaves on disk."""

import math
import shutil

import lightning as L
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers import data, profiles, training


class Tiny(nn.Module):
    """A little of everything that the recipe tells apart."""

    def __init__(self):
        super().__init__()
        self.project = nn.Conv2d(1, 8, 7, stride=7)
        self.cls = nn.Parameter(torch.ones(1, 1, 8))
        self.positions = nn.Parameter(torch.ones(1, 17, 8))
        self.embedding = nn.Embedding(17, 8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        tokens = self.project(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.cls.expand(len(x), -1, -1), tokens], dim=1) + self.positions
        tokens = self.norm(tokens)
        return self.head((tokens + self.attention(tokens, tokens, tokens)[0])[:, 0])


class Lit(L.LightningModule):
    def __init__(self, lr=3e-3):
        super().__init__()
        self.save_hyperparameters()
        self.model = training.init_weights(Tiny())
        self.example_input_array = torch.zeros(2, 1, 28, 28)

    def forward(self, x):
        return self.model(x)

    def step(self, batch, stage):
        x, y = batch
        logits = self(x)
        loss = F.cross_entropy(logits, y)
        metrics = {f"{stage}_loss": loss, f"{stage}_acc": (logits.argmax(1) == y).float().mean()}
        self.log_dict(metrics, on_step=False, on_epoch=True, batch_size=len(y))
        return loss

    def training_step(self, batch, index):
        return self.step(batch, "train")

    def validation_step(self, batch, index):
        self.step(batch, "val")

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(training.parameter_groups(self), lr=self.hparams.lr)
        schedule = training.warmup_cosine(optimizer, None, self.trainer.estimated_stepping_batches)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class Disconnect(L.Callback):
    """Ends the run as a lost session does, in the middle of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_train_batch_start(self, trainer, module, batch, index):
        if trainer.current_epoch == self.epoch and index == 2:
            raise ConnectionError


@pytest.fixture(scope="module")
def small():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIT_DATA", "MNIST-5k")
        return data.digits()


def run(digits, folder, epochs, resume=None, stop_in=None):
    L.seed_everything(0)
    shared = {"mean": digits.mean, "std": digits.std}
    train = data.batches(digits.train, 50, train=True, augment=training.Augment(), limit=300, **shared)
    lit = Lit()
    trainer = L.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        callbacks=[*training.callbacks(folder, epochs), *([Disconnect(stop_in)] if stop_in is not None else [])],
        logger=training.loggers(folder),
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=1,
    )
    trainer.fit(lit, train, data.batches(digits.val, 250, **shared), ckpt_path=resume)
    return lit


# -- profiles and budgets


@pytest.mark.parametrize("name", profiles.PROFILES)
def test_profile_follows_the_variable(name, monkeypatch):
    monkeypatch.setenv("VIT_PROFILE", name)
    assert profiles.profile() == name


def test_profile_without_the_variable_follows_the_device(monkeypatch):
    monkeypatch.delenv("VIT_PROFILE", raising=False)
    assert profiles.profile() == ("gpu" if torch.cuda.is_available() else "cpu")


def test_a_wrong_profile_is_one_sentence(monkeypatch):
    monkeypatch.setenv("VIT_PROFILE", "tpu")
    with pytest.raises(ValueError, match="set it to smoke, cpu or gpu"):
        profiles.profile()


def test_budgets_grow_with_the_profile():
    smoke, cpu, gpu = (training.budget(name) for name in profiles.PROFILES)
    assert smoke.epochs == 2 and smoke.limit == 1000
    assert cpu.epochs == 5 and cpu.limit is None
    assert gpu.epochs >= 10
    assert training.budget("cpu", "MNIST-5k").epochs > cpu.epochs  # fewer digits, more passes
    for name in profiles.PROFILES:  # something is augmented, and the last epoch is not, unless it is the only one
        for epochs in (None, 1, 2, 7):
            budget = training.budget(name, epochs=epochs)
            assert budget.epochs == (epochs or budget.epochs) and budget.augment.epochs == max(budget.epochs - 1, 1)
    with pytest.raises(ValueError, match="choose smoke, cpu or gpu"):
        training.budget("tpu")


# -- augmentation


def blob(row, column, count=1):
    """Images with one bright square of 3 x 3 pixels."""
    x = torch.zeros(count, 1, 28, 28)
    x[:, :, row - 1 : row + 2, column - 1 : column + 2] = 200.0
    return x


def centres(x):
    """Centre of brightness (row, column) of every image."""
    rows = (x.sum(dim=(1, 3)) * torch.arange(28)).sum(1) / x.sum(dim=(1, 2, 3))
    columns = (x.sum(dim=(1, 2)) * torch.arange(28)).sum(1) / x.sum(dim=(1, 2, 3))
    return torch.stack([rows, columns], dim=1)


def test_no_change_where_every_amount_is_zero():
    x = torch.rand(4, 1, 28, 28)
    torch.testing.assert_close(training.Augment(0, 0, 0)(x), x, atol=1e-5, rtol=1e-5)


def test_shift_is_in_pixels_and_differs_per_image():
    moved = centres(training.Augment(degrees=0, shift=2, scale=0)(blob(14, 10, 400))) - torch.tensor([14.0, 10.0])
    assert moved.abs().max() <= 2.01 and moved.abs().max() > 1.8
    assert moved.std(dim=0).min() > 0.9  # uniform in -2..2 has 1.15


def test_rotation_is_in_degrees_about_the_centre():
    offset = centres(training.Augment(degrees=30, shift=0, scale=0)(blob(4, 14, 400))) - 13.5
    start = math.atan2(0.5, 9.5)
    angle = torch.rad2deg(torch.atan2(offset[:, 1], -offset[:, 0]) - start)
    assert angle.abs().max() <= 31 and angle.max() > 25 and angle.min() < -25
    torch.testing.assert_close(offset.norm(dim=1), torch.full((400,), math.hypot(9.5, 0.5)), atol=0.3, rtol=0)


def test_scale_is_a_relative_size():
    offset = centres(training.Augment(degrees=0, shift=0, scale=0.2)(blob(5, 14, 400))) - 13.5
    size = offset.norm(dim=1) / math.hypot(8.5, 0.5)
    assert size.min() >= 0.78 and size.max() <= 1.22 and size.max() - size.min() > 0.3


def test_digits_are_never_mirrored(small):
    x = small.train.images[:200].float()
    y = training.Augment()(x)
    near = (y - x).flatten(1).norm(dim=1)
    mirrored = (y - x.flip(-1)).flatten(1).norm(dim=1)
    asymmetric = (x - x.flip(-1)).flatten(1).norm(dim=1) > 2500
    assert asymmetric.sum() > 50 and (near < mirrored)[asymmetric].float().mean() > 0.9


def test_augmentation_repeats_with_its_generator_and_keeps_the_input():
    x = torch.rand(8, 3, 20, 28)
    before = x.clone()
    first, again = (training.Augment()(x, generator=torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, again) and first.shape == x.shape and torch.equal(x, before)


# -- optimizer, schedule, initial weights


def test_decay_falls_on_matrices_only_and_every_parameter_has_one_group():
    model = Tiny()
    decayed, free = training.parameter_groups(model, 0.3)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    assert {names[id(p)] for p in decayed["params"]} == {
        "project.weight", "attention.in_proj_weight", "attention.out_proj.weight", "head.weight",
    }  # fmt: skip
    assert (decayed["weight_decay"], free["weight_decay"]) == (0.3, 0.0)
    assert sorted(names[id(p)] for p in decayed["params"] + free["params"]) == sorted(names.values())


def test_initial_weights_keep_the_size_of_a_token():
    torch.manual_seed(0)
    wide = nn.Sequential(nn.Linear(400, 300), nn.LayerNorm(300), nn.Conv2d(16, 200, 5), nn.Embedding(200, 300))
    wide.tokens = nn.Parameter(torch.ones(1, 200, 300))
    assert training.init_weights(wide) is wide
    for parameter, spread in ((wide[0].weight, 1 / 20), (wide[2].weight, 1 / 20), (wide[3].weight, 0.02), (wide.tokens, 0.02)):
        assert parameter.std().item() == pytest.approx(0.88 * spread, rel=0.03)  # 0.88: what the cut at two leaves
        assert parameter.abs().max() <= 2 * spread and abs(parameter.mean()) < 0.05 * spread
    assert not wide[0].bias.any() and not wide[2].bias.any()
    assert torch.equal(wide[1].weight, torch.ones(300)) and not wide[1].bias.any()
    assert training.init_weights(wide, std=0.1).tokens.std().item() == pytest.approx(0.088, rel=0.03)


def test_shared_parameters_are_listed_once():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[1].weight = model[0].weight
    listed = [p for group in training.parameter_groups(model) for p in group["params"]]
    assert len(listed) == len({id(p) for p in listed}) == 3


def test_schedule_rises_in_a_line_and_falls_along_a_cosine_to_zero():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=2.0)
    schedule = training.warmup_cosine(optimizer, 10, 110)
    rates = []
    for _ in range(110):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    rises = [b - a for a, b in zip(rates[:10], rates[1:11])]
    assert rates[0] > 0 and max(rises) - min(rises) < 1e-9
    assert rates[10] == pytest.approx(2.0) and rates[60] == pytest.approx(1.0)
    assert 0 < rates[-1] < 1e-3 and optimizer.param_groups[0]["lr"] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("total", [0, 1, 2])
def test_schedule_bears_the_shortest_runs(total):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = training.warmup_cosine(optimizer, None, total)
    for _ in range(3):
        assert 0 <= optimizer.param_groups[0]["lr"] <= 1
        optimizer.step()
        schedule.step()


# -- what a run leaves on disk


@pytest.mark.filterwarnings("ignore")
def test_two_epochs_leave_every_checkpoint_and_a_resumed_run_ends_where_an_unbroken_one_does(small, tmp_path):
    whole = run(small, tmp_path / "whole", epochs=3)
    with pytest.raises(ConnectionError):
        run(small, tmp_path / "broken", epochs=3, stop_in=2)
    assert sorted(path.name for path in (tmp_path / "broken/checkpoints").iterdir()) == ["best.ckpt", "first.ckpt", "last.ckpt", "middle.ckpt"]
    resumed = run(small, tmp_path / "broken", epochs=3, resume=tmp_path / "broken/checkpoints/last.ckpt")
    for ours, theirs in zip(whole.parameters(), resumed.parameters()):
        torch.testing.assert_close(ours, theirs)
    curves, resumed_curves = training.history(tmp_path / "whole"), training.history(tmp_path / "broken")
    assert curves["epoch"].tolist() == resumed_curves["epoch"].tolist() == [0, 1, 2]
    for name in ("train_loss", "train_acc", "val_loss", "val_acc"):
        assert curves[name].tolist() == pytest.approx(resumed_curves[name].tolist(), abs=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_tensorboard_gets_the_graph_of_a_model_built_on_multihead_attention(small, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run(small, tmp_path, 1)
    tags = EventAccumulator(str(next((tmp_path / "tensorboard").iterdir()))).Reload().Tags()
    assert tags["graph"] and "val_acc" in tags["scalars"]


@pytest.mark.filterwarnings("ignore")
def test_a_model_that_cannot_be_traced_trains_all_the_same(small, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Lit, "forward", lambda self, x: self.model(torch.from_numpy(x.detach().numpy()) * float(torch.rand(()))))
    run(small, tmp_path, 1)
    assert "training goes on" in capsys.readouterr().out
    assert training.history(tmp_path)["epoch"].tolist() == [0]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("epochs", "middle"), [(1, 0), (2, 1)])
def test_checkpoints_of_short_runs_load_as_plain_weights(small, tmp_path, epochs, middle):
    run(small, tmp_path, epochs)
    epoch = {}
    for name in ("first", "middle", "best", "last"):
        checkpoint = torch.load(tmp_path / f"checkpoints/{name}.ckpt", weights_only=True)
        Lit().load_state_dict(checkpoint["state_dict"])
        assert checkpoint["hyper_parameters"] == {"lr": 3e-3}
        epoch[name] = checkpoint["epoch"]
    assert (epoch["first"], epoch["middle"], epoch["last"]) == (0, middle, epochs - 1)


@pytest.mark.filterwarnings("ignore")
def test_a_second_run_starts_its_curves_anew(small, tmp_path):
    run(small, tmp_path, 2)
    shutil.rmtree(tmp_path / "tensorboard")
    run(small, tmp_path, 1)
    assert training.history(tmp_path)["epoch"].tolist() == [0]


def test_no_curves_is_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match="train first"):
        training.history(tmp_path)
