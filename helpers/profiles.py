"""The compute profile: how much work the training cells do."""

import os

import torch

PROFILES = ("smoke", "cpu", "gpu")


def profile() -> str:
    """Name the compute profile: "smoke" (seconds, for tests), "cpu" or "gpu".

    The environment variable VIT_PROFILE chooses it; without it a CUDA device means "gpu" and anything else "cpu".
    Raises ValueError for a name that is none of the three.
    """
    name = os.environ.get("VIT_PROFILE", "").strip().lower()
    if not name:
        return "gpu" if torch.cuda.is_available() else "cpu"
    if name not in PROFILES:
        raise ValueError(f"VIT_PROFILE is {name!r}: set it to smoke, cpu or gpu, or unset it.")
    return name
