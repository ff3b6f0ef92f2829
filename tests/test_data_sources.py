"""Clothes, colour images and folders of one's own: where they come from, how they are split, and what is said where they are not there."""

import os
import pickle
import tarfile

import numpy as np
import pytest
import torch
from PIL import Image

from helpers import cifar_files, data, fashion_files, folder_files, mnist_files, standin_images
from helpers.augment import CropFlip, cutmix
from helpers.data import DataError
from tests.test_data import idx_files, nothing_left, offline, one_sentence, serve  # noqa: F401 (fixtures)


@pytest.fixture
def no_network(offline, monkeypatch):  # noqa: F811
    """`offline`, for every source, in the cpu profile."""
    monkeypatch.setattr(fashion_files, "MIRRORS", ("http://127.0.0.1:9/",))
    monkeypatch.setattr(cifar_files, "MIRRORS", ("http://127.0.0.1:9/",))
    monkeypatch.delenv("VIT_CIFAR10", raising=False)
    monkeypatch.setenv("VIT_PROFILE", "cpu")
    return offline


def image_folder(root, per_class=12, size=(10, 10), classes=("cat", "dog"), suffix="png"):
    """train/ and test/ with random images; every image's top left pixel is its number."""
    generator = np.random.default_rng(0)
    for part in ("train", "test"):
        for label, name in enumerate(classes):
            (root / part / name).mkdir(parents=True)
            for number in range(per_class):
                pixels = generator.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
                pixels[0, 0] = (number, label, part == "test")
                Image.fromarray(pixels).save(root / part / name / f"{number:03}.{suffix}")
    return root


@pytest.mark.parametrize("load", [data.fashion, data.cifar10])
def test_without_the_data_one_sentence_says_what_to_do(no_network, load):
    with pytest.raises(DataError) as error:
        load()
    assert "connect to the network" in one_sentence(error)
    assert nothing_left(no_network)


@pytest.mark.parametrize(("load", "shape"), [(data.fashion, (1, 28, 28)), (data.cifar10, (3, 32, 32))])
def test_the_smoke_profile_draws_a_stand_in_and_says_so(no_network, monkeypatch, capsys, load, shape):
    monkeypatch.setenv("VIT_PROFILE", "smoke")
    images = load()
    assert images.source == "drawn shapes" and images.train.images.shape[1:] == shape and len(images.classes) == 10
    assert (len(images.train), len(images.val), len(images.test)) == (800, 100, 100)
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1 and "drawn shapes" in printed
    assert torch.equal(load().train.images, images.train.images)


def test_drawn_shapes_can_be_told_apart():
    images, labels = standin_images.drawn(20, 28, 1, seed=3)
    assert images.shape == (200, 1, 28, 28) and images.dtype == torch.uint8 and torch.bincount(labels).tolist() == [20] * 10
    ink = (images.float() > 110).float().mean(dim=(1, 2, 3))
    share = torch.stack([ink[labels == label].mean() for label in range(10)])
    assert share.min() > 0.02 and share.max() < 0.5 and len(share.unique()) == 10
    assert not torch.equal(images, standin_images.drawn(20, 28, 1, seed=4)[0])


def test_clothes_on_disk_are_used(no_network, monkeypatch):
    sums = idx_files(no_network, images=30)
    monkeypatch.setattr(fashion_files, "FILES", sums)
    (no_network / "mine" / "FashionMNIST").mkdir(parents=True)
    (no_network / "plain").rename(no_network / "mine" / "FashionMNIST" / "raw")
    monkeypatch.setenv("PATH_DATASETS", str(no_network / "mine"))
    clothes = data.fashion()
    assert clothes.source == "Fashion-MNIST" and clothes.classes[9] == "ankle boot"
    assert (len(clothes.train), len(clothes.val), len(clothes.test)) == (27, 3, 30) and isinstance(clothes.mean, float)


def test_clothes_are_downloaded_beside_the_digits(no_network, monkeypatch, serve):  # noqa: F811
    sums = idx_files(no_network)
    monkeypatch.setattr(fashion_files, "FILES", sums)
    monkeypatch.setattr(fashion_files, "MIRRORS", (serve(no_network / "served"),))
    root = no_network / "root"
    assert len(data.fashion(root).test) == 12
    assert [entry.name for entry in root.iterdir()] == ["FashionMNIST"]
    assert not mnist_files.complete(root) and mnist_files.complete(root, "FashionMNIST")


def test_a_damaged_download_of_clothes_names_them(no_network, monkeypatch, serve):  # noqa: F811
    sums = idx_files(no_network)
    monkeypatch.setattr(fashion_files, "FILES", {name: ("0" * 32, plain) for name, (_, plain) in sums.items()})
    monkeypatch.setattr(fashion_files, "MIRRORS", (serve(no_network / "served"),))
    with pytest.raises(DataError) as error:
        data.fashion(no_network / "root")
    assert "FashionMNIST" in one_sentence(error) and nothing_left(no_network / "root")


def cifar_archive(folder, per_batch=20):
    """cifar-10-python.tar.gz with random images, as its authors pack it; returns the MD5 of its parts."""
    generator = np.random.default_rng(0)
    source = folder / "packed" / cifar_files.FOLDER
    source.mkdir(parents=True)
    for name in (*(f"data_batch_{part}" for part in range(1, 6)), "test_batch"):
        content = {"data": generator.integers(0, 256, (per_batch, 3072), dtype=np.uint8), "labels": generator.integers(0, 10, per_batch).tolist()}
        (source / name).write_bytes(pickle.dumps(content))
    (source / "batches.meta").write_bytes(pickle.dumps({"label_names": list(cifar_files.CLASSES)}))
    (folder / "served").mkdir(exist_ok=True)
    with tarfile.open(folder / "served" / cifar_files.FILE, "w:gz") as archive:
        archive.add(source, cifar_files.FOLDER)
    return {path.name: mnist_files.checksum(path) for path in source.iterdir()}


@pytest.fixture
def cifar(no_network, monkeypatch, serve):  # noqa: F811
    """A small CIFAR-10 on a server of this machine, with torchvision's checksums set to it."""
    from torchvision.datasets import CIFAR10

    sums = cifar_archive(no_network)
    monkeypatch.setattr(CIFAR10, "train_list", [[f"data_batch_{part}", sums[f"data_batch_{part}"]] for part in range(1, 6)])
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", sums["test_batch"]]])
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": sums["batches.meta"]})
    monkeypatch.setattr(CIFAR10, "tgz_md5", mnist_files.checksum(no_network / "served" / cifar_files.FILE))
    monkeypatch.setattr(cifar_files, "MIRRORS", (serve(no_network / "served"),))
    return no_network


def test_cifar10_is_downloaded_whole_and_read(cifar):
    images = data.cifar10(cifar / "root")
    assert images.source == "CIFAR-10" and images.classes == cifar_files.CLASSES
    assert (len(images.train), len(images.val), len(images.test)) == (90, 10, 20) and images.train.images.shape[1:] == (3, 32, 32)
    assert [entry.name for entry in (cifar / "root").iterdir()] == [cifar_files.FOLDER]
    stored = pickle.loads((cifar / "root" / cifar_files.FOLDER / "test_batch").read_bytes())
    assert images.test.images[0].flatten().tolist() == stored["data"][0].tolist() and images.test.labels.tolist() == stored["labels"]


def test_a_damaged_archive_leaves_nothing(cifar):
    archive = cifar / "served" / cifar_files.FILE
    archive.write_bytes(archive.read_bytes()[:-100])
    with pytest.raises(DataError) as error:
        data.cifar10(cifar / "root")
    assert "CIFAR-10" in one_sentence(error) and nothing_left(cifar / "root")


def test_damaged_files_of_cifar10_are_never_unpickled(cifar):
    cifar_files.fetch(cifar / "root", cifar_files.MIRRORS[0])

    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(cifar / "boom"),)

    (cifar / "root" / cifar_files.FOLDER / "data_batch_3").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(DataError) as error:
        data.cifar10(cifar / "root")
    assert "delete that folder" in one_sentence(error) and not (cifar / "boom").exists()


def test_an_image_folder_is_split_cached_and_read_again_when_it_changes(no_network, monkeypatch):
    root = image_folder(no_network / "pets")
    images = data.folder(root)
    assert images.source == "pets" and images.classes == ("cat", "dog")
    assert (len(images.train), len(images.val), len(images.test)) == (22, 2, 24) and images.train.images.shape[1:] == (3, 10, 10)
    for split in (images.train, images.val):
        assert torch.equal(split.images[:, 1, 0, 0].long(), split.labels) and not split.images[:, 2, 0, 0].any()
    numbers = [(int(image[0, 0, 0]), int(label)) for split in (images.train, images.val) for image, label in zip(split.images, split.labels)]
    assert sorted(numbers) == [(number, label) for number in range(12) for label in range(2)]  # every image once
    assert len(images.mean) == 3 and images.std[0] == pytest.approx((images.train.images[:, 0].double() / 255).std(correction=0).item(), abs=1e-9)

    def refuse(*arguments):
        raise AssertionError("read again")

    with monkeypatch.context() as patch:
        patch.setattr(folder_files, "_pixels", refuse)
        assert torch.equal(data.folder(root).train.images, images.train.images)
    (root / "train" / "cat" / "000.png").unlink()
    assert len(data.folder(root).train) + len(data.folder(root).val) == 23


def test_images_of_other_sizes_are_scaled_and_may_be_grey(no_network):
    root = image_folder(no_network / "pets", size=(20, 12))
    assert data.folder(root).train.images.shape[1:] == (3, 12, 12)
    grey = data.folder(root, size=8, channels=1)
    assert grey.train.images.shape[1:] == (1, 8, 8) and isinstance(grey.mean, float)


def test_a_damaged_cache_is_made_anew(no_network):
    root = image_folder(no_network / "pets")
    images = data.folder(root)
    (cached,) = mnist_files.cache_folder().glob("images-*.npz")
    cached.write_bytes(cached.read_bytes()[:500])
    assert torch.equal(data.folder(root).train.images, images.train.images)


def spoil(root, how):
    if how == "no test":
        for path in sorted((root / "test").rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
    elif how == "other classes":
        (root / "test" / "dog").rename(root / "test" / "wolf")
    elif how == "no image":
        (root / "train" / "cat" / "003.png").write_text("not an image")
    elif how == "first no image":
        (root / "train" / "cat" / "000.png").write_text("not an image")


@pytest.mark.parametrize(("how", "says"), [("no test", "one folder a class"), ("other classes", "differ"), ("no image", "003.png"), ("first no image", "000.png")])
def test_what_is_wrong_with_a_folder_is_one_sentence(no_network, how, says):
    root = image_folder(no_network / "pets")
    spoil(root, how)
    with pytest.raises(DataError) as error:
        data.folder(root)
    assert says in one_sentence(error)
    assert not list(mnist_files.cache_folder().glob("images-*"))


@pytest.mark.parametrize(("suffix", "source"), [("jpg", "CIFAR-10 (JPEG copy)"), ("png", "CIFAR-10 (image files)")])
def test_a_folder_with_the_ten_classes_stands_for_cifar10(no_network, monkeypatch, suffix, source):
    root = image_folder(no_network / "mine", per_class=2, size=(32, 32), classes=cifar_files.CLASSES, suffix=suffix)
    monkeypatch.setenv("VIT_CIFAR10", str(root))
    assert data.cifar10().source == source
    assert data.cifar10(root).source == source


def test_a_folder_that_vit_cifar10_names_in_vain_is_said(no_network, monkeypatch):
    monkeypatch.setenv("VIT_CIFAR10", str(no_network / "nowhere"))
    with pytest.raises(DataError) as error:
        data.cifar10()
    assert "VIT_CIFAR10" in one_sentence(error)


@pytest.fixture
def colours():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIT_PROFILE", "smoke")
        patch.setenv("VIT_DATA", "MNIST-5k")
        return data.cifar10()


def test_colour_batches_are_normalised_by_channel(colours):
    x = torch.cat([x for x, _ in data.batches(colours.train, 100, mean=colours.mean, std=colours.std)])
    assert x.mean(dim=(0, 2, 3)).abs().max() < 1e-4 and (x.std(dim=(0, 2, 3), correction=0) - 1).abs().max() < 1e-4


def test_few_of_each_class_and_a_smaller_sample_inside(colours):
    small, large = data.few(colours.train, 3, seed=1), data.few(colours.train, 9, seed=1)
    assert torch.bincount(small.labels).tolist() == [3] * 10 and torch.bincount(large.labels).tolist() == [9] * 10
    keys = {image.numpy().tobytes() for image in large.images}
    assert all(image.numpy().tobytes() in keys for image in small.images) and len(keys) == 90
    assert not torch.equal(data.few(colours.train, 3, seed=2).images, small.images)
    assert small.labels.tolist() != sorted(small.labels.tolist())
    with pytest.raises(ValueError, match="80 or fewer"):
        data.few(colours.train, 81)


def test_only_some_classes(colours):
    two = data.only(colours, ("plus", "disc"), per_class=20)
    assert two.classes == ("plus", "disc") and torch.bincount(two.train.labels).tolist() == [20, 20] and len(two.test) == 20
    plus = {image.numpy().tobytes() for image in colours.test.images[colours.test.labels == colours.classes.index("plus")]}
    assert {image.numpy().tobytes() for image in two.test.images[two.test.labels == 0]} == plus
    with pytest.raises(ValueError, match="disc"):
        data.only(colours, ("whale",))


def test_crop_flip_moves_mirrors_and_keeps_colours_together():
    x = torch.arange(3 * 6 * 6).float().view(1, 3, 6, 6).expand(400, -1, -1, -1) + 1
    out = CropFlip(shift=1)(x, generator=torch.Generator().manual_seed(0))
    padded = torch.nn.functional.pad(x[:1], (1, 1, 1, 1))
    wanted = {}
    for row in range(3):
        for column in range(3):
            cut = padded[0, :, row : row + 6, column : column + 6]
            wanted[cut.numpy().tobytes()] = wanted[cut.flip(2).contiguous().numpy().tobytes()] = (row, column)
    found = [image.numpy().tobytes() for image in out]
    assert set(found) == set(wanted)  # nothing else, and in 400 draws all 18
    still = CropFlip(shift=0, flip=False)(x)
    assert torch.equal(still, x)
    assert torch.equal(CropFlip(1)(x, generator=torch.Generator().manual_seed(0)), out)


def test_erasing_paints_a_box_over_some_images():
    x = torch.ones(1000, 1, 16, 16)
    out = CropFlip(shift=0, flip=False, erase=0.3)(x, generator=torch.Generator().manual_seed(0))
    holes = (out == 0).squeeze(1)
    hit = holes.any(dim=(1, 2))
    assert 0.25 < hit.float().mean() < 0.35
    for image in holes[hit][:50]:
        rows, columns = image.any(1).sum(), image.any(0).sum()
        assert image.sum() == rows * columns and 4 <= rows <= 8 and 4 <= columns <= 8


def test_cutmix_mixes_labels_by_area():
    x = torch.arange(8.0).view(8, 1, 1, 1).expand(8, 1, 10, 10)
    y = torch.arange(8)
    for seed in range(20):
        mixed, shares = cutmix(x, y, 8, torch.Generator().manual_seed(seed))
        assert torch.allclose(shares.sum(dim=1), torch.ones(8))
        for image, share in zip(mixed, shares):
            assert torch.allclose(torch.bincount(image.flatten().long(), minlength=8) / 100, share)
    assert x[0].sum() == 0  # the batch itself is left alone
