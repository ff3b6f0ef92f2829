# expect: fail codes=wrong_error
import os

def hub_token():
    assert "HF_TOKEN" in os.environ, "HF_TOKEN is not set."
    return os.environ["HF_TOKEN"]
