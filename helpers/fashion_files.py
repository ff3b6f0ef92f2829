"""Fashion-MNIST on disk: the same four idx files as MNIST, with clothes in them."""

import os
from pathlib import Path

from helpers import mnist_files

NAME = "FashionMNIST"  # the folder, as torchvision calls it
MIRRORS = ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",)
CLASSES = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
# MD5 of the compressed file that is downloaded, and of the idx file inside it.
FILES = {
    "train-images-idx3-ubyte": ("8d4fb7e6c68d591d4c3dfef9ec88bf0d", "f4a8712d7a061bf5bd6d2ca38dc4d50a"),
    "train-labels-idx1-ubyte": ("25c81989df183df01b3e8a0aad5dffbe", "9018921c3c673c538a1fc5bad174d6f9"),
    "t10k-images-idx3-ubyte": ("bef4ecab320f06d8554ea6380940ec79", "8181f5470baa50b63fa0f6fddb340f0a"),
    "t10k-labels-idx1-ubyte": ("bb300cfdad3c16e7a12a480ee83cd310", "15d484375f8d13e6eb1aabb0c3f46965"),
}


def locate(root: str | os.PathLike | None = None, download: bool = True) -> Path | None:
    """Return the folder with the four idx files, downloading them if need be and allowed; None where they cannot be had.

    Raises DataError as mnist_files.locate does.
    """
    if not download:
        return next((place / NAME / "raw" for place in mnist_files.places(root) if mnist_files.complete(place, NAME)), None)
    return mnist_files.locate(root, NAME, MIRRORS, FILES)
