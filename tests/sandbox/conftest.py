"""Kernels for the tests of the sandbox."""

import os

import pytest

from autograder.containment import warm
from autograder.containment.kernel import Kernel
from tests.sandbox import CANARY, SMALL


@pytest.fixture(scope="package", autouse=True)
def secret_environment():
    """The warm process is started anew by a grader with a secret in its environment."""
    os.environ["VIT_TEST_SECRET"] = CANARY
    if warm._warm is not None:
        warm._warm.process.kill()
    yield
    del os.environ["VIT_TEST_SECRET"]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return tmp_path_factory.mktemp("library")


@pytest.fixture
def start(tmp_path, library):
    """Starts kernels; all are closed at the end. work: the folder they work on."""
    started = []

    def begin(kind="auto", limits=SMALL):
        (tmp_path / "work").mkdir(exist_ok=True)
        kernel = Kernel(tmp_path / "work", tmp_path / f"home{len(started)}", library, kind, limits)
        started.append(kernel)
        return kernel

    yield begin
    for kernel in started:
        kernel.close()
