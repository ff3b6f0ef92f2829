"""Files that are written whole or not at all."""

from helpers.files import write_whole as write

__all__ = ["write"]
