# expect: pass
import os


def hub_token():
    try:
        return os.environ["HF_TOKEN"]
    except KeyError:
        raise RuntimeError("There is no HF_TOKEN in the environment: set it before you start the notebook.") from None
