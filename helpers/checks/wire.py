"""Observations as bytes: an .npz without pickle, so that a grader can read what a student's process wrote."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import torch

LIMIT_BYTES = 64 * 2**20


def pack(observations: dict) -> bytes:
    """Bytes of a dict of tensors, numbers, booleans and strings. Raises TypeError for anything else."""
    arrays, plain = {}, {}
    for name, value in observations.items():
        if isinstance(value, torch.Tensor):
            arrays[name] = value.detach().cpu().numpy()
        elif value is None or isinstance(value, (bool, int, float, str)):
            plain[name] = value
        else:
            raise TypeError(f"{name} is a {type(value).__name__}; only tensors, numbers and strings can be sent")
    arrays["plain.json"] = np.frombuffer(json.dumps(plain).encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **{f"a{i}": array for i, array in enumerate(arrays.values())},
             names=np.frombuffer(json.dumps(list(arrays)).encode(), dtype=np.uint8))
    return buffer.getvalue()


def unpack(data: bytes) -> dict:
    """The dict that `pack` was given. Raises ValueError for bytes that are too many or not of this form."""
    if len(data) > LIMIT_BYTES:
        raise ValueError(f"observations of {len(data)} bytes are too large")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(item.file_size for item in archive.infolist()) > LIMIT_BYTES:
                raise ValueError("observations unpack to too many bytes")
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            names = json.loads(stored["names"].tobytes())
            arrays = {name: stored[f"a{i}"] for i, name in enumerate(names)}
        plain = json.loads(arrays.pop("plain.json").tobytes())
        if not isinstance(plain, dict):
            raise ValueError("observations are not a dict")
        tensors = {str(name): torch.from_numpy(array.copy()) for name, array in arrays.items()}
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(f"observations cannot be read ({type(error).__name__})") from None
    return {**{str(k): v for k, v in plain.items()}, **tensors}
