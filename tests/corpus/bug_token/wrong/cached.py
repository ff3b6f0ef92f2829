# expect: fail codes=variable_ignored
import functools
import os

@functools.cache
def hub_token():
    if "HF_TOKEN" not in os.environ:
        raise RuntimeError("HF_TOKEN is not set.")
    return os.environ["HF_TOKEN"]
