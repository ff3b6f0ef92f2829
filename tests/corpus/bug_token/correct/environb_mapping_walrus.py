# expect: pass
import os


class NoToken(RuntimeError):
    pass


def hub_token(environment=os.environ):
    if token := environment.get("HF_TOKEN"):
        return token
    raise NoToken("Set HF_TOKEN first (for example in a terminal: export HF_TOKEN=...)")
