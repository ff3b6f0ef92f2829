# expect: fail codes=wrong_error
import os

def hub_token():
    if "HF_TOKEN" not in os.environ:
        raise RuntimeError
    return os.environ["HF_TOKEN"]
