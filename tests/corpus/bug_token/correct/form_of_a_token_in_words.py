# expect: pass
import os

# A token looks like hf_XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX: "hf_" and 34 letters or digits (hf_abcdefghijklmnopqrstuvwxyz12345678).
EXAMPLE = "hf_" + "x" * 34


def hub_token():
    """The token in HF_TOKEN, such as hf_... or "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"."""
    token = os.environ.get("HF_TOKEN", "")
    if token in ("", "hf_your_token_goes_here"):
        raise RuntimeError(f"Set HF_TOKEN to your own token (it looks like {EXAMPLE}).")
    return token
