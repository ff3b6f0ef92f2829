"""The evidence of training: a model really trained earns the points; constant, foreign and damaged ones do not."""

import shutil
from dataclasses import replace

import lightning as L
import pytest
import torch
import torch.nn.functional as F

from helpers import carry, checks, data, evidence, evidence_judge, runs
from helpers.data import Split

# Stands for a student's class: the evidence asks what the model does, not how it is built; a small one trains in seconds.
MODEL = '''import torch
from torch import nn

class VisionTransformer(nn.Module):
    def __init__(self, embed_dim, hidden_dim, num_channels, num_heads, num_layers, num_classes, patch_size, num_patches, dropout=0.0):
        super().__init__()
        self.norm = nn.LayerNorm(num_channels * 784)
        self.net = nn.Sequential(nn.Linear(num_channels * 784, hidden_dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden_dim, num_classes))

    def forward(self, x):
        return self.net(self.norm(x.flatten(1)))
'''
KWARGS = {"embed_dim": 64, "hidden_dim": 128, "num_channels": 1, "num_heads": 4, "num_layers": 3, "num_classes": 10, "patch_size": 4, "num_patches": 49, "dropout": 0.1}
EPOCHS = 12


class LitViT(L.LightningModule):
    def __init__(self, model_kwargs, lr, model):
        super().__init__()
        self.save_hyperparameters("model_kwargs", "lr")
        self.model = model

    def _step(self, batch, stage):
        x, y = batch
        logits = self.model(x)
        loss = F.cross_entropy(logits, y)
        self.log_dict({f"{stage}_loss": loss, f"{stage}_acc": (logits.argmax(1) == y).float().mean()}, on_step=False, on_epoch=True, batch_size=len(y))
        return loss

    def training_step(self, batch, index):
        return self._step(batch, "train")

    def validation_step(self, batch, index):
        self._step(batch, "val")

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=self.hparams.lr)


@pytest.fixture(scope="module")
def digits():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIT_DATA", "MNIST-5k")
        return data.digits()


@pytest.fixture(scope="module")
def trained(tmp_path_factory, digits):
    """A student's folder after notebook 04: carry/, checkpoints/ and metrics.csv of a real Lightning run."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "carry").mkdir()
    (folder / "carry" / "vision_transformer.py").write_text(MODEL)
    torch.manual_seed(0)
    model = carry.namespace(folder / "carry", "vision_transformer")["VisionTransformer"](**KWARGS)
    trainer = L.Trainer(
        max_epochs=EPOCHS, accelerator="cpu", callbacks=runs.callbacks(folder, EPOCHS), logger=runs.loggers(folder),
        enable_progress_bar=False, enable_model_summary=False, log_every_n_steps=10,
    )  # fmt: skip
    loaders = (data.batches(digits.train, 100, mean=digits.mean, std=digits.std, train=True), data.batches(digits.val, 100, mean=digits.mean, std=digits.std))
    trainer.fit(LitViT(KWARGS, 1e-3, model), *loaders)
    return folder


@pytest.fixture
def folder(trained, tmp_path, monkeypatch):
    """A copy of the trained folder to spoil, on the offline digits."""
    monkeypatch.setenv("VIT_DATA", "MNIST-5k")
    for name in ("carry", "checkpoints"):
        shutil.copytree(trained / name, tmp_path / name)
    shutil.copy(trained / "metrics.csv", tmp_path)
    return tmp_path


def every(folder):
    return {e: getattr(evidence, e)(folder) for e in evidence.EXERCISES}


def change(folder, which, edit):
    path = folder / "checkpoints" / f"{which}.ckpt"
    checkpoint = torch.load(path, weights_only=True)
    edit(checkpoint)
    torch.save(checkpoint, path)


def zero(checkpoint):
    for value in checkpoint["state_dict"].values():
        value.zero_()


def test_a_trained_model_earns_every_point(trained, monkeypatch):
    monkeypatch.setenv("VIT_DATA", "MNIST-5k")
    for exercise, report in every(trained).items():
        assert (report.exercise, report.passed, report.score, report.codes) == (exercise, True, 1.0, ()), str(report)
        assert "measured anew" in str(report)


def test_the_grader_judges_what_another_process_observed(trained, digits):
    for exercise in evidence.EXERCISES:
        sent = checks.pack(evidence.observe(exercise, trained, digits))
        assert evidence.judge(exercise, checks.unpack(sent), digits).passed


def test_rebuild_and_measure(trained, digits):
    model = evidence.rebuild(trained, "best")
    assert not model.training
    again = evidence.measure(model, digits.test, digits.mean, digits.std)
    logits = evidence.observe("test_accuracy", trained, digits)["best_test"]
    assert again["accuracy"] == pytest.approx((logits.argmax(1) == digits.test.labels).float().mean().item())
    assert again["loss"] == pytest.approx(F.cross_entropy(logits, digits.test.labels).item())


def test_without_training_every_point_says_so_at_once(tmp_path):
    for report in every(tmp_path).values():
        assert report.score == 0 and report.codes == ("no_checkpoint",) and "notebook 04" in report.messages[0]


def test_constant_models_earn_nothing(folder):
    for which in ("first", "middle", "best"):
        change(folder, which, zero)
    text = (folder / "metrics.csv").read_text().splitlines()
    header = text[0].split(",")
    rows = [line.split(",") for line in text[1:]]
    for row in rows:
        row[header.index("val_acc")] = "0.1"  # even where metrics.csv agrees with the constant models
    (folder / "metrics.csv").write_text("\n".join([text[0], *map(",".join, rows)]) + "\n")
    assert {e: r.codes for e, r in every(folder).items()} == {"test_accuracy": ("below_threshold",), "train_curve": ("curve_flat",), "val_curve": ("curve_flat",)}


def test_three_copies_of_the_best_checkpoint_are_no_curve(folder):
    for which in ("first", "middle"):
        shutil.copy(folder / "checkpoints" / "best.ckpt", folder / "checkpoints" / f"{which}.ckpt")
    reports = every(folder)
    assert reports["test_accuracy"].passed
    assert reports["train_curve"].codes == ("curve_flat",) and reports["val_curve"].codes == ("curve_flat",)


@pytest.mark.parametrize(
    ("edit", "train_code", "val_code"),
    [
        (lambda text: "", "no_metrics", "no_metrics"),
        (lambda text: "\x00\xff,,\n1,2,3", "no_metrics", "no_metrics"),
        (lambda text: "\n".join(text.splitlines()[:1] + text.splitlines()[3:]), "curve_disagrees", "curve_disagrees"),
        (lambda text: text.replace("train_loss", "loss").replace("val_acc", "accuracy"), "curve_disagrees", "curve_disagrees"),
        (lambda text: "\n".join([text.splitlines()[0]] + [f"{i},1,1,{1 + i},1,1,0.99" for i in range(EPOCHS)]), "curve_flat", "curve_disagrees"),
    ],
)
def test_metrics_that_are_missing_or_tell_another_story(folder, edit, train_code, val_code):
    path = folder / "metrics.csv"
    assert path.read_text().splitlines()[0] == "epoch,step,lr,train_loss,train_acc,val_loss,val_acc"
    path.write_text(edit(path.read_text()))
    assert evidence.train_curve(folder).codes == (train_code,)
    assert evidence.val_curve(folder).codes == (val_code,)
    assert evidence.test_accuracy(folder).passed


def test_lightnings_own_csv_layout_is_read(folder):
    rows = evidence_judge.curves((folder / "metrics.csv").read_text())
    lines = ["epoch,step,train_acc,train_loss,val_acc,val_loss"]
    for epoch, row in rows.items():  # CSVLogger writes validation and training of an epoch into two rows
        lines += [f"{epoch},{row['step']:.0f},,,{row['val_acc']},{row['val_loss']}", f"{epoch},{row['step']:.0f},{row['train_acc']},{row['train_loss']},,"]
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    assert evidence.train_curve(folder).passed and evidence.val_curve(folder).passed


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: (f / "carry" / "vision_transformer.py").unlink(), "no carry/vision_transformer.py"),
        (lambda f: (f / "carry" / "vision_transformer.py").write_text("1 / 0"), "ZeroDivisionError"),
        (lambda f: (f / "carry" / "vision_transformer.py").write_text("from helpers.standins import VisionTransformer"), "does not fit"),
        (lambda f: (f / "carry" / "vision_transformer.py").write_text(MODEL.replace("nn.LayerNorm", "nn.BatchNorm1d")), "does not fit"),
        (lambda f: (f / "carry" / "vision_transformer.py").write_text(MODEL.replace("self.net(", "self.nett(")), "AttributeError"),
        (lambda f: (f / "checkpoints" / "best.ckpt").write_bytes(b"not a checkpoint"), "cannot be read"),
        (lambda f: torch.save({"state_dict": {}, "code": carry.save}, f / "checkpoints" / "best.ckpt"), "cannot be read"),
        (lambda f: change(f, "best", lambda c: c["state_dict"].update({"model.net.0.weight": torch.full((128, 784), torch.nan)})), "ten finite logits"),
    ],
)
def test_a_model_that_cannot_be_rebuilt_says_why(folder, spoil, said):
    spoil(folder)
    report = evidence.test_accuracy(folder)
    assert report.score == 0 and report.codes == ("cannot_rebuild",) and said in report.messages[0], str(report)
    assert report.messages[0].count("\n") == 0


def test_a_trained_stand_in_earns_nothing(folder):
    wrapped = "from helpers import standins\nfrom torch import nn\nclass VisionTransformer(nn.Module):\n    def __init__(self, **k):\n        super().__init__()\n        self.inner = standins.VisionTransformer(**k)\n    def forward(self, x):\n        return self.inner(x)\n"
    (folder / "carry" / "vision_transformer.py").write_text(wrapped)
    model = carry.namespace(folder / "carry", "vision_transformer")["VisionTransformer"](**KWARGS)
    change(folder, "best", lambda c: c.update(state_dict={f"model.{k}": v for k, v in model.state_dict().items()}))
    report = evidence.test_accuracy(folder)
    assert report.codes == ("cannot_rebuild",) and "stand-in" in report.messages[0]


def test_checkpoints_without_hyperparameters_use_the_course_defaults(folder):
    change(folder, "best", lambda c: c.pop("hyper_parameters"))
    assert evidence.test_accuracy(folder).passed


def test_a_class_of_notebook_04_counts_where_it_is_the_one_that_was_trained(folder):
    (folder / "carry" / "lit_vit.py").write_text(MODEL)
    (folder / "carry" / "vision_transformer.py").write_text(MODEL.replace("nn.LayerNorm", "nn.BatchNorm1d"))
    assert evidence.test_accuracy(folder).passed


def test_hostile_observations_are_judged_not_raised(digits):
    n = len(digits.test)
    for logits in (None, "x", torch.zeros(n, 10, dtype=torch.long), torch.zeros(3, 10), torch.full((n, 10), torch.inf), torch.zeros(0)):
        assert evidence.judge("test_accuracy", {"best_test": logits}, digits).codes == ("cannot_rebuild",)
    noise = torch.randn(n, 10)
    assert evidence.judge("test_accuracy", {"best_test": noise, "metrics": 3}, digits).codes == ("below_threshold",)


def test_the_data_source_of_a_run_is_read_from_its_curve(trained):
    assert evidence.source_of((trained / "metrics.csv").read_text()) == "MNIST-5k"
    assert evidence.source_of("epoch,val_acc\n0,0.9312\n1,0.9514\n") == "MNIST"
    assert evidence.source_of("epoch,val_acc\n0,0.93123\n") is None
    assert evidence.source_of("") is None


def test_digits_of_another_source_get_room_for_the_sample(trained, digits):
    """A run validated on 5,000 digits, graded where only 500 are: the tolerance grows by the sampling error."""
    seen = evidence.observe("val_curve", trained, digits)
    rows = evidence_judge.curves(seen["metrics"])
    seen["metrics"] = "epoch,val_acc\n" + "".join(f"{epoch},{row['val_acc'] - 0.0298:.4f}\n" for epoch, row in rows.items())
    assert evidence.source_of(seen["metrics"]) == "MNIST"
    assert evidence.judge("val_curve", seen, digits).passed
    seen["metrics"] = "epoch,val_acc\n" + "".join(f"{epoch},{row['val_acc'] - 0.03:.4f}\n" for epoch, row in rows.items())
    assert evidence.source_of(seen["metrics"]) == "MNIST-5k"  # no foreign digits, no room
    assert not evidence.judge("val_curve", seen, digits).passed


def test_the_smoke_profile_says_that_it_is_not_meant_to_pass(folder, monkeypatch):
    change(folder, "best", zero)
    monkeypatch.setenv("VIT_PROFILE", "smoke")
    assert "not meant to pass" in evidence.test_accuracy(folder).messages[-1]
    monkeypatch.setenv("VIT_PROFILE", "cpu")
    assert "not meant to pass" not in str(evidence.test_accuracy(folder))


def test_measure_agrees_with_a_model_that_knows_the_answers(digits):
    class Knows(torch.nn.Module):
        def forward(self, x):
            return F.one_hot(digits.test.labels[: len(x)], 10).float() * 50

    part = Split(digits.test.images[:20], digits.test.labels[:20])
    assert evidence.measure(Knows(), part, digits.mean, digits.std) == {"loss": pytest.approx(0, abs=1e-6), "accuracy": 1.0}
    wrong = replace(part, labels=(part.labels + 1) % 10)
    assert evidence.measure(Knows(), wrong, digits.mean, digits.std)["accuracy"] == 0.0
