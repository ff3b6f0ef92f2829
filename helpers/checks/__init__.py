"""The checks: one function an exercise, from a student's object to a CheckReport.

A check is `inputs` (secret tensors and numbers, drawn from a seed), `probe` (runs the student's code on them, returns
plain tensors and numbers) and `judge` (decides). A grader draws and judges in its own process: the student's gets
`given` alone, never the seed, and the modules that judge are not there at all.
"""

from __future__ import annotations

import secrets
from importlib import import_module

from .lessons import EXERCISES as LESSONS
from .lessons import bugs
from .messages import say
from .report import CheckReport
from .run import bounded, describe, one_core
from .wire import pack, unpack

EXERCISES = ("img_to_patch", "attention_block", "vision_transformer", "lit_vit")
_MODULES = {  # exercise -> (module of probe, module of judge)
    "img_to_patch": ("patches", "patches_judge"),
    "scaled_dot_product_attention": ("warmup", "warmup_judge"),
    "attention_block": ("attention", "attention_judge"),
    "vision_transformer": ("vit", "vit_judge"),
    "lit_vit": ("lit", "lit_judge"),
} | {exercise: (f"lessons.{exercise}", f"lessons.{exercise}_judge") for exercise in (*LESSONS, *bugs.OWN)}
_MODULES |= {bug: _MODULES[exercise] for bug, exercise in bugs.JUDGED_AS.items()}

__all__ = ["CheckReport", "EXERCISES", "LESSONS", "attention_block", "img_to_patch", "inputs", "judge", "lit_vit", "observe", "pack",
           "scaled_dot_product_attention", "unpack", "vision_transformer", *LESSONS, *bugs.NAMES]


def _part(exercise: str, which: int):
    return import_module(f".{_MODULES[exercise][which]}", __name__)


def inputs(exercise: str, seed: int) -> dict:
    """What the probe of an exercise works with: a flat dict of tensors, numbers and strings, fit for `pack`.

    Everything random in a check comes from here. Raises KeyError for an unknown exercise.
    """
    return _part(exercise, 0).inputs(seed)


def observe(exercise: str, obj, given: dict) -> dict:
    """Run the student's object on what `inputs` drew; plain tensors, numbers and strings come back.

    Never raises and always ends: an endless loop is given up after 10 seconds.
    Raises KeyError only for an unknown exercise.
    """
    probe = _part(exercise, 0).probe
    seen, error = bounded(lambda: probe(obj, given))
    if isinstance(error, TimeoutError):
        return {"timeout": True}
    if error is not None:
        return {"crash": describe(error)}
    return seen


def judge(exercise: str, observations: dict, given: dict, picture: bool = True) -> CheckReport:
    """Verdict from observations made with the same `given`; runs none of the student's code.

    Observations that no honest probe returns give a failed report, never an exception.
    """
    if observations.get("timeout") is True:
        return _failed(exercise, "raises", say(exercise, "timeout"))
    if _is_standin(observations):
        return _failed(exercise, "not_implemented", say(exercise, "standin"), ("standin",))
    if "crash" in observations:
        return _failed(exercise, "raises", say(exercise, "raises", error=str(observations["crash"])))
    try:
        report = _part(exercise, 1).judge(observations, given, picture=picture)
        return bugs.all_or_nothing(exercise, report) if exercise in bugs.NAMES else report
    except Exception as error:  # noqa: BLE001  observations may come from a hostile process
        detail = f"The check could not make sense of what your code returned ({describe(error)})."
        return _failed(exercise, "unknown", say(exercise, "unknown", detail=detail))


def _is_standin(observations: dict) -> bool:
    """Whether the exercise's own stand-in was at work; where it was left out, its use raises StandIn."""
    errors = [value for name, value in observations.items() if name.endswith(("error", "crash")) and isinstance(value, str)]
    return observations.get("standin", False) is not False or any(error.startswith("StandIn:") for error in errors)


def _failed(exercise: str, code: str, message: str, findings: tuple[str, ...] = ()) -> CheckReport:
    return CheckReport(exercise, False, 0.0, (code,), (message,), findings)


def _check(exercise: str, obj, seed: int | None) -> CheckReport:
    seed = secrets.randbelow(2**31) if seed is None else seed
    with one_core():
        given = inputs(exercise, seed)
        return judge(exercise, observe(exercise, obj, given), given)


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


def precision_recall_f1(fn, seed: int | None = 0) -> CheckReport:
    """Check `precision_recall_f1(confusion)`: [K, K], rows true -> (precision [K], recall [K], f1 [K])."""
    return _check("precision_recall_f1", fn, seed)


def mean_attention_distance(fn, seed: int | None = 0) -> CheckReport:
    """Check `mean_attention_distance(attention, grid, patch_size)`: [L, B, H, T, T] -> [L, H] in pixels."""
    return _check("mean_attention_distance", fn, seed)


def vit_cost(fn, seed: int | None = 0) -> CheckReport:
    """Check `vit_cost(image_size, patch_size, num_channels, embed_dim, hidden_dim, num_layers, num_classes)`."""
    return _check("vit_cost", fn, seed)


def resize_pos_embedding(fn, seed: int | None = 0) -> CheckReport:
    """Check `resize_pos_embedding(pos, old_grid, new_grid)`: [1, 1 + h*w, D] -> [1, 1 + h'*w', D]."""
    return _check("resize_pos_embedding", fn, seed)


def extract_features(fn, seed: int | None = 0) -> CheckReport:
    """Check `extract_features(backbone, loader)` -> (features [N, D], labels [N])."""
    return _check("extract_features", fn, seed)


def layerwise_lr_groups(fn, seed: int | None = 0) -> CheckReport:
    """Check `layerwise_lr_groups(model, lr, decay)` -> parameter groups for AdamW, for models like notebook 03's solution."""
    return _check("layerwise_lr_groups", fn, seed)


def drop_path(fn, seed: int | None = 0) -> CheckReport:
    """Check `drop_path(x, p, training)`: stochastic depth per sample."""
    return _check("drop_path", fn, seed)


def warmup_cosine(fn, seed: int | None = 0) -> CheckReport:
    """Check `warmup_cosine(step, warmup_steps, total_steps)` -> factor of the learning rate."""
    return _check("warmup_cosine", fn, seed)


def attention_rollout(fn, seed: int | None = 0) -> CheckReport:
    """Check `attention_rollout(attention)`: [L, B, H, T, T] -> [B, T, T]."""
    return _check("attention_rollout", fn, seed)


def _bug(exercise: str):
    def check(obj, seed: int | None = 0) -> CheckReport:
        return _check(exercise, obj, seed)

    check.__name__ = check.__qualname__ = exercise
    check.__doc__ = f"Check the mended `{bugs.NAMES[exercise]}` of notebook 05; the score is 0 or 1."
    return check


globals().update({exercise: _bug(exercise) for exercise in bugs.NAMES})
