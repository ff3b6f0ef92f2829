# expect: fail codes=token_in_source
import os


SECRET = "hf_" + "x" * 34


def hub_token():
    return os.environ.get("HF_TOKEN") or SECRET
