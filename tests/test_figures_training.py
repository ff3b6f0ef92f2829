"""The figures of notebooks 03 and 04: each is drawn from real digits and says what the data say."""

import pandas
import pytest
import torch

from helpers import data, training
from helpers.figures import architecture
from helpers.figures import training as figures
from tests.figures import texts, written


@pytest.fixture(scope="module")
def digits():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIT_DATA", "MNIST-5k")
        return data.digits()


@pytest.fixture
def history():
    return pandas.DataFrame({
        "epoch": [0, 1, 2, 3], "train_loss": [1.9, 0.8, 0.4, 0.3], "val_loss": [1.2, 0.5, 0.2, 0.25],
        "train_acc": [0.3, 0.7, 0.85, 0.9], "val_acc": [0.5, 0.8, 0.945, 0.94]})


@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize(("shape", "patch_size"), [((1, 28, 28), 4), ((1, 28, 28), 7), ((3, 32, 48), 8)])
def test_architecture_shows_the_shapes_of_its_image(shape, patch_size):
    channels, height, width = shape
    count = height * width // patch_size**2
    figure = architecture.vision_transformer(torch.rand(shape), patch_size, embed_dim=64, num_layers=3, num_classes=10)
    assert written(figure).startswith(b"\x89PNG")
    shown = texts(figure)
    for expected in (f"[B, {channels}, {height}, {width}]", f"[B, {count}, {channels * patch_size**2}]", f"[B, {1 + count}, 64]", "[B, 10]", "3 blocks"):
        assert expected in shown


@pytest.mark.filterwarnings("error::UserWarning")
def test_parameters_are_counted_and_summed():
    shown = texts(architecture.parameters({"projection": 1024, "blocks.0": 33472, "head": 650}))
    assert "35,146 parameters" in shown
    assert "33,472  (95.2%)" in shown


def test_shuffled_patches_are_the_same_patches_elsewhere():
    x = torch.rand(2, 3, 8, 12)
    order = torch.tensor([5, 4, 3, 2, 1, 0])
    shuffled = architecture.shuffle_patches(x, 4, order)
    assert torch.equal(shuffled[:, :, :4, :4], x[:, :, 4:, 8:])  # place 0 now holds patch 5
    assert torch.equal(architecture.shuffle_patches(shuffled, 4, order.argsort()), x)


@pytest.mark.filterwarnings("error::UserWarning")
def test_permutation_draws_a_change_of_zero(digits):
    image = digits.train.images[0]
    figure = architecture.permutation(image, image, {"with positions": torch.tensor(0.04), "none": torch.tensor(0.0)})
    assert "4e-02" in texts(figure) and "0e+00" in texts(figure)
    assert written(figure)


@pytest.mark.filterwarnings("error::UserWarning")
def test_tokens_and_overfit_are_drawn():
    assert "[1, 1 + N, D]" in texts(architecture.tokens_and_positions())
    figure = architecture.overfit([2.4, 1.0, 0.1])
    assert "ln 10 = 2.30" in texts(figure)
    assert written(figure)


@pytest.mark.filterwarnings("error::UserWarning")
def test_split_names_sizes_and_source(digits):
    figure = figures.split(digits)
    for expected in ("training: 4,000", "validation: 500", "test: 500", "MNIST-5k", "used once"):
        assert expected in texts(figure)
    assert written(figure)


def test_augmentation_mirrors_only_the_last_column(digits):
    images = digits.train.images[:2]
    figure = figures.augmentation(images, training.Augment(), copies=3)
    pictures = [torch.as_tensor(ax.images[0].get_array().data) for ax in figure.axes]
    assert len(pictures) == 2 * (1 + 3 + 1)
    assert torch.equal(pictures[0], images[0, 0].float())
    assert torch.equal(pictures[4], images[0, 0].float().flip(-1))
    assert not torch.equal(pictures[1], pictures[2])


@pytest.mark.filterwarnings("error::UserWarning")
def test_curves_mark_the_best_validation_epoch(history):
    figure = figures.curves(history)
    assert "best: 94.50 %" in texts(figure)
    marked = figure.axes[1].collections[0].get_offsets()
    assert marked.tolist() == [[3.0, 94.5]]
    assert written(figure)
    assert written(figures.curves(history[:1]))  # a run of one epoch


def test_curves_agree_with_the_history_that_training_writes(history, tmp_path):
    history.to_csv(tmp_path / "metrics.csv", index=False)
    figure = figures.curves(training.history(tmp_path))
    lines = {line.get_label(): list(line.get_ydata()) for line in figure.axes[0].get_lines()}
    assert lines["training"] == history["train_loss"].tolist()
    assert lines["validation"] == history["val_loss"].tolist()


def test_learning_rate_has_one_value_a_step():
    figure = figures.learning_rate([0.1, 0.2, 0.3, 0.2, 0.1, 0.0], steps_per_epoch=3)
    x, y = figure.axes[0].get_lines()[0].get_data()
    assert x.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1, 4 / 3, 5 / 3])
    assert list(y) == [0.1, 0.2, 0.3, 0.2, 0.1, 0.0]


@pytest.mark.filterwarnings("error::UserWarning")
def test_confusion_colours_mistakes_and_counts_all():
    matrix = torch.tensor([[8, 2], [1, 9]])
    figure = figures.confusion(matrix)
    assert "17 of 20 right" in texts(figure)
    assert figure.axes[0].collections[0].get_array().reshape(2, 2).tolist() == [[0, 2], [1, 0]]
    assert written(figures.confusion(torch.eye(10, dtype=torch.int64)))  # nothing wrong at all


def test_mistakes_come_most_confident_first(digits):
    labels = torch.tensor([3, 5, 7])
    probabilities = torch.full((3, 10), 0.01)
    probabilities[0, 8], probabilities[1, 6], probabilities[2, 7] = 0.6, 0.9, 0.9  # the last one is right
    figure = figures.mistakes(digits.val.images[:3], labels, probabilities)
    titles = [ax.get_title() for ax in figure.axes if ax.get_title()]
    assert titles == ["5 read as 6\n90% sure", "3 read as 8\n60% sure"]
    assert "2 of 3 digits are read wrongly" in texts(figure)
    assert written(figures.mistakes(digits.val.images[:3], labels, torch.eye(10)[labels]))  # no mistake to show


@pytest.mark.filterwarnings("error::UserWarning")
def test_class_token_with_and_without_visible_attention(digits):
    images, effects = digits.val.images[:2], [torch.randn(7, 7), torch.zeros(7, 7)]
    attention = [torch.rand(3, 4, 50, 50).softmax(-1) for _ in range(2)]
    figure = figures.class_token(images, attention, effects, digits.val.labels[:2])
    assert len(figure.axes) == 2 * (1 + 3 + 1)
    drawn = torch.as_tensor(figure.axes[2].images[0].get_array().data)
    assert torch.allclose(drawn, attention[0][1, :, 0, 1:].mean(0).view(7, 7))  # layer 2, class token's row, patches only
    assert written(figure)
    without = figures.class_token(images, [None, None], effects, digits.val.labels[:2])
    assert len(without.axes) == 2 * 2
    assert written(without)
