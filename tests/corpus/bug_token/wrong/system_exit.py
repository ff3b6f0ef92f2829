# expect: fail codes=wrong_error
import os
import sys

def hub_token():
    return os.environ.get("HF_TOKEN") or sys.exit("HF_TOKEN is not set.")
