"""The checks: one function an exercise, from a student's object to a CheckReport.

A check is `probe` (runs the student's code, returns plain tensors and numbers) followed by `judge` (decides).
A grader runs `observe` in the student's process and `judge` in its own.
"""

from __future__ import annotations

import secrets
from importlib import import_module

from .messages import say
from .report import CheckReport
from .run import bounded, describe
from .wire import pack, unpack

EXERCISES = ("img_to_patch", "attention_block", "vision_transformer", "lit_vit")
_MODULES = {  # exercise -> (module of probe, module of judge)
    "img_to_patch": ("patches", "patches"),
    "scaled_dot_product_attention": ("warmup", "warmup"),
    "attention_block": ("attention", "attention_judge"),
    "vision_transformer": ("vit", "vit_judge"),
    "lit_vit": ("lit", "lit_judge"),
}

__all__ = ["CheckReport", "EXERCISES", "attention_block", "img_to_patch", "judge", "lit_vit", "observe", "pack",
           "scaled_dot_product_attention", "unpack", "vision_transformer"]


def _part(exercise: str, which: int):
    return import_module(f".{_MODULES[exercise][which]}", __name__)


def observe(exercise: str, obj, seed: int) -> dict:
    """Run the student's object on the inputs of `seed`; plain tensors, numbers and strings come back.

    Never raises and always ends: an endless loop is given up after 10 seconds.
    Raises KeyError only for an unknown exercise.
    """
    probe = _part(exercise, 0).probe
    seen, error = bounded(lambda: probe(obj, seed))
    if isinstance(error, TimeoutError):
        return {"timeout": True}
    if error is not None:
        return {"crash": describe(error)}
    return seen


def judge(exercise: str, observations: dict, seed: int, picture: bool = True) -> CheckReport:
    """Verdict from observations made with the same seed; runs none of the student's code.

    Observations that no honest probe returns give a failed report, never an exception.
    """
    if observations.get("timeout") is True:
        return _failed(exercise, "raises", say(exercise, "timeout"))
    if "crash" in observations:
        return _failed(exercise, "raises", say(exercise, "raises", error=str(observations["crash"])))
    if observations.get("standin", False) is not False:
        return _failed(exercise, "not_implemented", say(exercise, "standin"), ("standin",))
    try:
        return _part(exercise, 1).judge(observations, seed, picture=picture)
    except Exception as error:  # noqa: BLE001  observations may come from a hostile process
        detail = f"The check could not make sense of what your code returned ({describe(error)})."
        return _failed(exercise, "unknown", say(exercise, "unknown", detail=detail))


def _failed(exercise: str, code: str, message: str, findings: tuple[str, ...] = ()) -> CheckReport:
    return CheckReport(exercise, False, 0.0, (code,), (message,), findings)


def _check(exercise: str, obj, seed: int | None) -> CheckReport:
    seed = secrets.randbelow(2**31) if seed is None else seed
    return judge(exercise, observe(exercise, obj, seed), seed)


def img_to_patch(fn, seed: int | None = 0) -> CheckReport:
    """Check `img_to_patch(x, patch_size, flatten_channels=True)`; `seed=None` draws fresh inputs."""
    return _check("img_to_patch", fn, seed)


def scaled_dot_product_attention(fn, seed: int | None = 0) -> CheckReport:
    """Check the warm-up: fn(q, k, v), all [B, H, T, d], returns (values [B, H, T, d], weights [B, H, T, T])."""
    return _check("scaled_dot_product_attention", fn, seed)


def attention_block(cls, seed: int | None = 0) -> CheckReport:
    """Check the class `AttentionBlock(embed_dim, hidden_dim, num_heads, dropout=0.0)`."""
    return _check("attention_block", cls, seed)


def vision_transformer(cls, seed: int | None = 0) -> CheckReport:
    """Check the class `VisionTransformer(...)`; the score is 0, 0.5 or 1: class token and positions, half each."""
    return _check("vision_transformer", cls, seed)


def lit_vit(cls, seed: int | None = 0) -> CheckReport:
    """Check the class `LitViT(model_kwargs, lr)`."""
    return _check("lit_vit", cls, seed)
