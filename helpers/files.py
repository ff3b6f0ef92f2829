"""Writes a file whole or not at all."""

import os
import tempfile
from pathlib import Path


def write_whole(path, data):
    """Write text or bytes to `path` through a temporary file beside it, so that a full disk or Ctrl-C leaves the old one.

    Makes the folder where there is none. Raises OSError as the system does.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data.encode("utf-8") if isinstance(data, str) else data)
        os.chmod(part, 0o644)
        os.replace(part, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
