# expect: fail codes=missing_unnoticed
import os


def hub_token():
    return os.environ.get("HF_TOKEN")
