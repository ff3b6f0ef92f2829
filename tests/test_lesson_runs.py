"""The recorded runs of lessons 05-09 work in the smoke profile, and their rows say what they must."""

import json
import pickle

import pytest
import torch

from helpers import data, pretrained
from tests.benchmarks.lessons import __main__ as overview
from tests.benchmarks.lessons import bug_hunt, cifar10, cnn_vs_vit, fit, imagenet, models, patch_size, record, rows, transfer

MODULES = (bug_hunt, cnn_vs_vit, patch_size, transfer, cifar10)
pytestmark = pytest.mark.filterwarnings("ignore")


def parameters(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(("module", "name"), [
    (bug_hunt, "mended"), (cnn_vs_vit, "cnn"), (patch_size, "patch_14"), (transfer, "scratch_10"), (cifar10, "conv_stem"),
], ids=lambda value: getattr(value, "LESSON", value))
def test_a_row_is_measured_and_printed_as_json(module, name, capsys):
    rows.main(module.LESSON, module.ROWS, ["--row", name, "--seed", "3"])
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert printed["seed"] == 3 and printed["epochs"] == 1 and 0 <= printed["accuracy"] <= 100 and printed["seconds"] >= 0
    assert printed["dataset"] in ("MNIST-5k", "drawn shapes")


def test_a_smoke_run_cannot_be_recorded(capsys):
    with pytest.raises(SystemExit):
        rows.main(cifar10.LESSON, cifar10.ROWS, ["--row", "plain", "--record"])
    assert "no result" in capsys.readouterr().err


def test_rows_are_declared_with_their_commands(tmp_path):
    for module in MODULES:
        rows.declare(module.LESSON, module.ROWS, tmp_path / "results.json")
    written = json.loads((tmp_path / "results.json").read_text())
    assert record.validate(written) == [] and len(written) == sum(len(module.ROWS) for module in MODULES)
    plain = next(row for row in written if row["row"] == "09_cifar10/plain")
    assert plain["command"] == "python -m tests.benchmarks.lessons.cifar10 --row plain --seed 0 1 2 --record" and plain["published"] == 14.81


def test_the_overview_knows_every_row():
    assert {(lesson, row.name) for _, lesson, found in overview.lessons() for row in found} == {(module.LESSON, row.name) for module in MODULES for row in module.ROWS}
    for _, _, found in overview.lessons():
        assert len({row.name for row in found}) == len(found)


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path):
    row = rows.smoke(next(row for row in cifar10.ROWS if row.name == "plain"))
    images = row.images()
    fit.quiet()

    def train(epochs, folder):
        torch.manual_seed(0)
        recipe = rows.replace(row.recipe, epochs=2, limit=96)
        model = row.build()
        if epochs < 2:  # stops after the first epoch, as a killed process does: with what is on the disk then
            class Stop(fit.Classifier):
                def on_train_epoch_start(self):
                    if self.current_epoch == epochs:
                        (folder / "last.ckpt").rename(folder / "kept.ckpt")
                        raise RuntimeError("stopped")
                    super().on_train_epoch_start()

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(fit, "Classifier", Stop)
                with pytest.raises(RuntimeError, match="stopped"):
                    fit.fit(model, images, recipe, 0, "cpu", folder)
            (folder / "kept.ckpt").replace(folder / "last.ckpt")  # Lightning writes another one where an exception ends it
            return None
        return fit.fit(model, images, recipe, 0, "cpu", folder)

    whole, seconds = train(2, tmp_path / "whole")
    train(1, tmp_path / "parts")
    resumed, _ = train(2, tmp_path / "parts")
    assert len(resumed.curve["val_acc"]) == 2 and seconds > 0
    for one, other in zip(whole.model.parameters(), resumed.model.parameters()):
        torch.testing.assert_close(one, other)


def test_models_have_the_sizes_that_the_lessons_name():
    assert parameters(models.course_vit(4)) == 105_482 and abs(parameters(models.CNN()) - 105_482) < 200
    assert parameters(patch_size.best()) <= 1_000_000
    assert parameters(models.BlogViT()) > 1_500_000
    assert models.Upscaled(models.course_vit(6, image_size=72), 72)(torch.randn(2, 1, 28, 28)).shape == (2, 10)
    stem, patch = models.ViT(stem="conv"), models.ViT()
    x = torch.randn(2, 3, 32, 32)
    assert stem(x).shape == patch(x).shape == (2, 10)
    assert stem.stem(x).shape == patch.stem(x).shape == (2, 64, 8, 8)


def test_the_published_form_reads_other_images_and_without_normalize_no_patch():
    torch.manual_seed(0)
    x = torch.randn(6, 1, 28, 28)
    for across in (True, False):
        model = models.BlogViT(across_batch=across, hidden_dim=32).eval()
        alone, together = model(x[:1]), model(x)[:1]
        assert torch.allclose(alone, together, atol=1e-5) != across
    blind = models.BlogViT(normalize=False, hidden_dim=32).eval()
    assert torch.allclose(blind(x)[:1].expand(6, -1), blind(x), atol=1e-5)  # every image the same answer
    seeing = models.BlogViT(across_batch=False, normalize=False, hidden_dim=32).eval()
    assert not torch.allclose(seeing(x)[0], seeing(x)[1], atol=1e-4)


def test_few_patches_are_used_in_training_only():
    model = models.ViT(num_layers=1)
    model.keep = 0.25
    seen = []
    model.blocks[0].register_forward_hook(lambda module, inputs, output: seen.append(output.shape[1]))
    x = torch.randn(2, 3, 32, 32)
    model.train()(x)
    model.eval()(x)
    assert seen == [16, 64]


def test_drop_path_keeps_the_mean():
    torch.manual_seed(0)
    x = torch.ones(4000, 2, 3)
    dropped = models.drop_path(x, 0.25, True)
    assert sorted(dropped.unique().tolist()) == [0.0, pytest.approx(4 / 3)] and dropped.mean().item() == pytest.approx(1.0, abs=0.03)
    assert torch.equal(models.drop_path(x, 0.25, False), x)


def test_a_probe_changes_the_head_alone_and_reads_features_once():
    torch.manual_seed(0)
    row = rows.smoke(next(row for row in transfer.ROWS if row.name == "probe_10"))
    images = row.images()
    model = pretrained.untrained()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    done = transfer.probe(rows.replace(row, build=lambda: model), images, 0, "cpu", shots=10)
    changed = {name for name, value in done["model"].state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"head.1.weight", "head.1.bias"}
    assert fit.accuracy(model, images.test, images, "cpu") > 30  # random features of 100 digits tell some digits apart


@pytest.mark.full
def test_the_imagenet_reader_reads_grey_digits_and_its_head_is_fitted():
    torch.manual_seed(0)
    images = data.digits()
    model = imagenet.Reader(images.mean, images.std, weights=None)
    few = data.Split(images.val.images[:3], images.val.labels[:3])
    x, y = imagenet.features(model, few, images, "cpu")
    assert x.shape == (3, 768) and torch.equal(y, few.labels)
    pixels = (next(iter(data.batches(few, 3, mean=images.mean, std=images.std)))[0] * images.std + images.mean) * 255
    assert (pixels - few.images).abs().max() < 0.01  # what it undoes
    transfer.fit_head(model.head, x, y, x, y)
    assert model.head(x).argmax(dim=1).tolist() == y.tolist()


def test_pretrained_weights_are_written_and_loaded_with_a_new_head(tmp_path, monkeypatch):
    row = rows.smoke(next(row for row in transfer.ROWS if row.name == "pretraining"))
    monkeypatch.setenv("VIT_PROFILE", "cpu")  # the smoke profile writes nothing
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    images = data.only(data.digits(), tuple("0123456789"), per_class=5)
    trained = transfer.pretrain(row, images, 0, "cpu", tmp_path / "weights.pt")["model"]
    assert (tmp_path / "weights.pt").stat().st_size < 1_000_000
    model = pretrained.load(7, tmp_path / "weights.pt")
    x = torch.randn(2, 1, 28, 28)
    assert torch.equal(model(x), torch.zeros(2, 7))
    for part in (model, trained):
        part.eval()
        part.head[-1] = torch.nn.Identity()
    torch.testing.assert_close(model(x), trained(x), atol=0.02, rtol=0.02)  # stored as half-precision numbers
    with pytest.raises(FileNotFoundError, match="weights"):
        pretrained.load(path=tmp_path / "none.pt")


def test_code_in_a_weights_file_is_not_run(tmp_path):
    path = tmp_path / "weights.pt"
    torch.save({"head.0.weight": torch.nn.Linear(2, 2)}, path)  # a module, not numbers: unpickling it would run code
    with pytest.raises(pickle.UnpicklingError):
        pretrained.load(path=path)


def test_the_pretrained_weights_fit_the_model_and_are_small_numbers():
    stored = torch.load(pretrained.WEIGHTS, weights_only=True)
    assert {name: value.shape for name, value in stored.items()} == {name: value.shape for name, value in pretrained.untrained().state_dict().items()}
    assert all(value.dtype == torch.float16 and value.isfinite().all() for value in stored.values())
