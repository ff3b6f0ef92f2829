# expect: fail codes=wrong_error
import os

def hub_token():
    return os.environ["HF_TOKEN"]
