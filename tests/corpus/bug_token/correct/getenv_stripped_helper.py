# expect: pass
import os
from functools import partial


read = partial(os.getenv, "HF_TOKEN", "")


def hub_token():
    token = read().strip()
    if token == "":
        raise RuntimeError("HF_TOKEN is not set.")
    return token
