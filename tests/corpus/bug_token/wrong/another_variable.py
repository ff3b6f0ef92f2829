# expect: fail codes=variable_ignored
import os


def hub_token():
    token = os.environ.get("HUGGINGFACE_TOKEN")
    if not token:
        raise RuntimeError("Please set HUGGINGFACE_TOKEN.")
    return token
