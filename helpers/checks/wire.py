"""Observations as bytes: an .npz without pickle, so that a grader can read what a student's process wrote."""

from __future__ import annotations

import io
import json
import math
import zipfile

import numpy as np
import torch

LIMIT_BYTES = 64 * 2**20  # packed and unpacked
LIMIT_TEXT = 8 * 2**20  # bytes of all numbers, truth values and strings that are no tensors
LIMIT_ARRAYS = 1_000
DIMENSIONS = 8
DTYPES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "b1")


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
    """The dict that `pack` was given. Raises ValueError for bytes that are too many or not of this form.

    The bytes may come from a hostile process: nothing is unpickled, and nothing is made larger than what was announced
    and allowed. Tensors have at most DIMENSIONS axes and a dtype of DTYPES; nan and inf are for the judge to refuse.
    """
    if len(data) > LIMIT_BYTES:
        raise ValueError(f"observations of {len(data)} bytes are too large")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > LIMIT_ARRAYS + 2 or len({item.filename for item in members}) < len(members):
                raise ValueError("observations have too many parts")
            if sum(item.file_size for item in members) > LIMIT_BYTES:
                raise ValueError("observations unpack to too many bytes")
            arrays = {item.filename.removesuffix(".npy"): _array(archive.read(item)) for item in members}
        names = _json(arrays.pop("names"))
        if not isinstance(names, list) or not all(isinstance(name, str) and len(name) <= 200 for name in names) or len(set(names)) < len(names):
            raise ValueError("observations have no names")
        if set(arrays) != {f"a{i}" for i in range(len(names))}:
            raise ValueError("observations are not what their names say")
        named = {name: arrays[f"a{i}"] for i, name in enumerate(names)}
        plain = _json(named.pop("plain.json"))
        if not isinstance(plain, dict) or not all(_is_plain(value) for value in plain.values()) or set(plain) & set(named):
            raise ValueError("observations are not plain")
        return {**plain, **{name: torch.from_numpy(array) for name, array in named.items()}}
    except ValueError:
        raise
    except Exception as error:  # noqa: BLE001  zipfile and numpy raise many kinds for damaged bytes
        raise ValueError(f"observations cannot be read ({type(error).__name__})") from None


def _array(data: bytes) -> np.ndarray:
    """An array from the bytes of an .npy file, which must hold exactly what its header says. Raises ValueError."""
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError("an array of another format")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(file)
    if dtype.str.lstrip("<|=") not in DTYPES or len(shape) > DIMENSIONS or any(size < 0 for size in shape):
        raise ValueError(f"an array of {dtype} with {len(shape)} axes")
    if math.prod(shape) * dtype.itemsize != len(data) - file.tell():
        raise ValueError("an array of another size than it says")
    return np.frombuffer(data, dtype, offset=file.tell()).reshape(shape, order="F" if fortran else "C").copy()


def _json(array: np.ndarray):
    if array.dtype != np.uint8 or array.size > LIMIT_TEXT:
        raise ValueError("observations have no text where it belongs")
    return json.loads(array.tobytes())


def _is_plain(value) -> bool:
    return value is None or isinstance(value, (bool, str, float)) or isinstance(value, int) and abs(value) < 2**63
