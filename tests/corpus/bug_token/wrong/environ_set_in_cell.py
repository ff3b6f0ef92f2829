# expect: fail codes=token_in_source
import os

os.environ["HF_TOKEN"] = "hf_" "QzWxEcRvTbYnUmIkOlPqAsDfGhJkLzXcVb"   # so that it works on my machine

def hub_token():
    if "HF_TOKEN" not in os.environ:
        raise RuntimeError("HF_TOKEN is not set.")
    return os.environ["HF_TOKEN"]
