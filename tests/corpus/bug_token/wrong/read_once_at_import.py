# expect: fail codes=variable_ignored
import os


TOKEN = os.environ.get("HF_TOKEN")


def hub_token():
    if not TOKEN:
        raise RuntimeError("Please set HF_TOKEN.")
    return TOKEN
