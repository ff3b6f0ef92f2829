# expect: fail codes=token_in_source
import os


def hub_token():
    os.environ.setdefault("HF_TOKEN", "hf_" + "x" * 34)
    return os.environ["HF_TOKEN"]
