"""The self-check of the first cell, run as a student would: in its own process."""

import builtins
import importlib.util
import os
import subprocess
import sys
import time

import pytest

from helpers import environment, mnist_files
from tests.kernel import ROOT


def check(capsys):
    assert environment.check() is None
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith(("[OK] ", "[FAIL] ")) and line.endswith(".") for line in lines), lines
    return lines


def test_a_sound_machine_is_all_ok_and_the_check_is_quick(tmp_path):
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", "from helpers import environment; environment.check()"], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "VIT_DATA": "MNIST-5k", "VIT_PROFILE": "smoke", "CUDA_VISIBLE_DEVICES": ""},
    )  # fmt: skip
    assert done.returncode == 0 and "Traceback" not in done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["[OK]"] * 6, done.stdout
    assert "no GPU. That is fine: every notebook has a short training for CPUs. That of notebook 04 earns full marks" in lines[3]
    assert "5,000 real MNIST digits" in lines[4] and "smoke" in lines[5]
    assert time.monotonic() - start < 60  # importing torch and torchvision on a busy machine; nothing else takes long


def test_an_old_python_and_an_old_torch_say_what_to_do(capsys, monkeypatch):
    import torch

    monkeypatch.setenv("VIT_DATA", "MNIST-5k")
    monkeypatch.setattr(environment, "PYTHON_OLDEST", (3, 99))
    monkeypatch.setattr(torch, "__version__", "2.5.1+cpu")
    lines = check(capsys)
    assert lines[0].startswith("[FAIL] Python 3.") and "3.11, 3.12 or 3.13" in lines[0]
    assert lines[1].startswith("[FAIL] torch 2.5.1+cpu is too old") and "pip install" in lines[1]


@pytest.mark.parametrize(("version", "good"), [("2.6.0", True), ("2.10.1+cu128", True), ("2.15.0", True), ("3.0.0.dev1", True), ("2.5.9", False), ("1.13.1", False)])
def test_torch_versions_are_compared_as_numbers(version, good):
    assert (environment._numbers(version) >= environment.TORCH_OLDEST) is good


def test_missing_packages_are_named_in_a_pip_line(capsys, monkeypatch):
    monkeypatch.setenv("VIT_DATA", "MNIST-5k")
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name in ("torch", "lightning", "seaborn") else real(name, *rest))
    lines = check(capsys)
    assert lines[1].startswith("[FAIL] torch is not installed")
    assert "pip install lightning seaborn" in lines[2]


def test_a_torchvision_that_does_not_fit_is_one_sentence(capsys, monkeypatch):
    monkeypatch.setenv("VIT_DATA", "MNIST-5k")

    def broken(name, *rest):
        if name == "torchvision":
            raise RuntimeError("operator torchvision::nms does not exist")
        return builtins.__import__(name, *rest)

    monkeypatch.setattr(environment.importlib, "import_module", broken)
    line = check(capsys)[2]
    assert line.startswith("[FAIL] torchvision does not fit this torch") and "nms" in line and "--force-reinstall torch torchvision" in line


def test_a_t4_is_named(capsys, monkeypatch):
    import types

    import torch

    monkeypatch.setenv("VIT_DATA", "MNIST-5k")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index=0: "Tesla T4")
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index=0: types.SimpleNamespace(total_memory=15 * 2**30))
    assert check(capsys)[3] == "[OK] Device: T4 GPU (Tesla T4, 15 GB)."


def test_where_the_digits_will_come_from(capsys, monkeypatch, tmp_path):
    monkeypatch.delenv("VIT_DATA", raising=False)
    monkeypatch.setenv("PATH_DATASETS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(mnist_files, "MIRRORS", ("http://127.0.0.1:9/",))  # nothing listens there
    assert "5,000 real MNIST digits" in check(capsys)[4]
    monkeypatch.setenv("VIT_DATA", "MNIST")
    assert check(capsys)[4].startswith("[FAIL] Data: VIT_DATA asks for MNIST")
    monkeypatch.delenv("VIT_DATA")
    (tmp_path / "MNIST" / "raw").mkdir(parents=True)
    for name in mnist_files.FILES:
        (tmp_path / "MNIST" / "raw" / name).touch()
    assert check(capsys)[4] == f"[OK] Data: MNIST found in {tmp_path}."


def test_wrong_settings_are_named_without_a_traceback(capsys, monkeypatch):
    monkeypatch.setenv("VIT_DATA", "digits")
    monkeypatch.setenv("VIT_PROFILE", "fast")
    lines = check(capsys)
    assert lines[4].startswith("[FAIL] Data: VIT_DATA is 'digits'") and lines[5].startswith("[FAIL] Profile: VIT_PROFILE is 'fast'")
