# expect: pass
import os

class NoToken(RuntimeError):
    def __init__(self):
        super().__init__("HF_TOKEN is not set in the environment.")

class HubToken:
    def __call__(self):
        match dict(os.environ):
            case {"HF_TOKEN": token}:
                return token
            case _:
                raise NoToken

hub_token = HubToken()
