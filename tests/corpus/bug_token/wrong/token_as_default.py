# expect: fail codes=token_in_source
import os


def hub_token():
    return os.environ.get("HF_TOKEN", "hf_" + "x" * 34)
