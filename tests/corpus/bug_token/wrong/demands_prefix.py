# expect: fail codes=unknown
import os

def hub_token():
    token = os.environ.get("HF_TOKEN", "")
    if not re_ok(token):
        raise RuntimeError("HF_TOKEN is not set.")
    return token

def re_ok(token):
    return len(token) == 37 and token.startswith("hf_")
