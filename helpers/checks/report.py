"""CheckReport: what a check tells a student and a grader."""

from __future__ import annotations

import base64
import html
from dataclasses import dataclass

TITLES = {
    "img_to_patch": "Patches",
    "scaled_dot_product_attention": "Scaled dot-product attention",
    "attention_block": "Attention block",
    "vision_transformer": "Vision Transformer",
    "lit_vit": "Training step",
    "test_accuracy": "Test accuracy",
    "train_curve": "Training curve",
    "val_curve": "Validation curve",
    "precision_recall_f1": "Precision, recall and F1",
    "mean_attention_distance": "Mean attention distance",
    "vit_cost": "Cost of a ViT",
    "resize_pos_embedding": "Positions on another grid",
    "extract_features": "Features of a backbone",
    "layerwise_lr_groups": "Learning rates by layer",
    "drop_path": "Stochastic depth",
    "warmup_cosine": "Warm-up and cosine",
    "attention_rollout": "Attention rollout",
    "bug_batch_axis": "Bug: whom does attention see?",
    "bug_shared_norm": "Bug: the norms",
    "bug_class_token": "Bug: the class token",
    "bug_normalize": "Bug: the normalisation",
    "bug_two_that_cancel": "Bug: two that cancel",
    "bug_softmax": "Bug: the loss",
    "bug_flip": "Bug: the augmentation",
    "bug_constant_lr": "Bug: start and schedule",
    "bug_callback_twice": "Bug: the empty plot",
    "bug_token": "Bug: the access token",
}


@dataclass(frozen=True)
class CheckReport:
    """Verdict of one check: passed or not, the score, the misconception and what to try.

    `score` lies in [0, 1]: the share of the ladder's rungs that hold (0 for an untouched stub, 1 when
    passed). `codes` holds at most two misconception codes, the diagnosis first; a passed check carries
    none. `messages` says the same in plain words. `findings` are remarks without a deduction
    (`builtin_layer`) or about what was handed in (`standin`). `picture` is a PNG of yours against the
    target where that tells more than words.
    """

    exercise: str
    passed: bool
    score: float
    codes: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    rungs: tuple[tuple[str, bool], ...] = ()
    picture: bytes | None = None

    @property
    def title(self) -> str:
        """Human name of the exercise."""
        return TITLES.get(self.exercise, self.exercise)

    def __str__(self) -> str:
        mark = "[OK]" if self.passed else "[TRY AGAIN]"
        lines = [f"{mark} {self.title}: {self.score:.0%} of the checks hold"]
        lines += [f"  {'+' if ok else '-'} {claim}" for claim, ok in self.rungs]
        if self.codes:
            lines.append(f"  diagnosis: {', '.join(self.codes)}")
        lines += [f"  {message}" for message in self.messages]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        colour = "#0b7a4b" if self.passed else "#b34700"
        mark = "&#10003; passed" if self.passed else "&#10007; not yet"
        rungs = "".join(
            f'<li style="list-style:none">{"&#10003;" if ok else "&#10007;"} {html.escape(claim)}</li>'
            for claim, ok in self.rungs
        )
        codes = " ".join(f"<code>{html.escape(code)}</code>" for code in self.codes)
        messages = "".join(f"<p style='margin:.3em 0'>{html.escape(text)}</p>" for text in self.messages)
        picture = ""
        if self.picture:
            data = base64.b64encode(self.picture).decode()
            picture = f'<img alt="yours against the target" style="max-width:100%" src="data:image/png;base64,{data}">'
        return (
            f'<div style="border-left:4px solid {colour};padding:.4em .8em;background:#fafafa;color:#222">'
            f'<b style="color:{colour}">{mark}</b> &nbsp;<b>{html.escape(self.title)}</b> '
            f"({self.score:.0%} of the checks hold) {codes}"
            f'<ul style="padding-left:.4em;margin:.3em 0">{rungs}</ul>{messages}{picture}</div>'
        )


class Ladder:
    """Collects the rungs of a check, the most basic first, and turns them into a CheckReport.

    A rung that depends on a broken one is passed as False by the judge, so the score is the share of
    all rungs, and the first diagnosis given is the one reported.
    """

    def __init__(self, exercise: str, rungs: tuple[str, ...]):
        self.exercise = exercise
        self.claims = rungs
        self.held: dict[str, bool] = {}
        self.diagnoses: list[tuple[str, str]] = []

    def rung(self, claim: str, holds: bool, code: str = "unknown", message: str = "") -> bool:
        """Record whether `claim` holds; a failure brings its code and message."""
        if claim not in self.claims:
            raise KeyError(claim)
        self.held[claim] = self.held.get(claim, True) and bool(holds)
        if not holds:
            self.diagnoses.append((code, message))
        return bool(holds)

    def report(self, *, score: float | None = None, findings=(), picture=None, first: str | None = None) -> CheckReport:
        """The report of all rungs recorded; rungs never reached count as not held."""
        rungs = tuple((claim, self.held.get(claim, False)) for claim in self.claims)
        passed = all(ok for _, ok in rungs) and not self.diagnoses
        share = sum(ok for _, ok in rungs) / len(rungs)
        score = share if score is None else score
        ranked = sorted(self.diagnoses, key=lambda item: (item[0] != first, item[0] == "unknown"))
        codes, messages = [], []
        for code, message in ranked:
            if code not in codes and len(codes) < 2:
                codes.append(code)
                messages.append(message)
        if len(codes) == 2 and codes[1] == "unknown":
            codes, messages = codes[:1], messages[:1]
        if passed:
            return CheckReport(self.exercise, True, 1.0, findings=tuple(findings), rungs=rungs)
        return CheckReport(self.exercise, False, min(score, 0.95), tuple(codes), tuple(m for m in messages if m),
                           tuple(findings), rungs, picture)
