"""What people read: plain words for statuses, misconceptions and remarks, and text of students made safe to show."""

from __future__ import annotations

import re
import unicodedata

from ..judging.verdicts import Verdict
from .wording_lessons import MISTAKES as LESSONS

# status: (two or three words, what it means for the student)
STATUSES = {
    "graded": ("Judged", "Your answer was run on fresh inputs and judged."),
    "repaired": ("Judged after a repair", "The file had to be mended before it could be graded. That costs no points."),
    "not_attempted": ("Not attempted", "In the place of your answer is the empty stub, a stand-in from helpers, or nothing. There is nothing to judge yet."),
    "error": ("Stopped with an error", "Your code raised an error before there was a result to judge. Only this exercise lost points by it."),
    "timeout": ("Did not come to an end", "Your code was stopped after the time limit. Only this exercise lost points by it."),
    "crashed": ("Ended Python", "Your code ended the Python process it ran in. Only this exercise lost points by it."),
    "not_gradable": ("File cannot be read", "The file you handed in is damaged or is not a notebook. It says nothing about your work."),
    "needs_review": ("Waits for your instructor", "The grader does not decide here: a person will look at it. The points shown are not final."),
    "missing": ("Not handed in", "No file for this notebook was found among what you handed in."),
}

_SHORT = {  # what fits behind the name of an exercise and a colon
    "graded": "it is not right yet",
    "repaired": "it is not right yet",
    "not_attempted": "it is still the empty stub",
    "error": "your code stops with an error",
    "timeout": "your code does not come to an end",
    "crashed": "your code ends Python",
    "not_gradable": "the file cannot be read",
    "needs_review": "your instructor will look at it",
    "missing": "it was not handed in",
}

# code: what went wrong, as a noun phrase that fits after a colon. Codes that are not here are shown with spaces for underscores.
MISTAKES = {
    "not_implemented": "still the empty stub",
    "raises": "the code stops with an error",
    "wrong_shape": "the output has the wrong shape",
    "timeout": "the code does not come to an end",
    "unknown": "the result is not right",
    "standin": "the stand-in from helpers was handed in",
    "no_checkpoint": "no checkpoint was handed in",
    # patches
    "column_major_order": "patches run from top to bottom instead of left to right",
    "channels_last_in_patch": "the channel comes last inside a patch",
    "transposed_patch": "rows and columns are swapped inside a patch",
    "reshape_only": "a reshape alone, which mixes patches up",
    "batch_mixed": "pixels of different images end up in one sequence",
    "flatten_ignored": "flatten_channels makes no difference",
    "overlapping_patches": "patches overlap",
    "no_divisibility_error": "no ValueError where the patch size does not divide the image",
    "square_only": "only square images work",
    "modifies_input": "the input image is changed",
    "breaks_gradient": "no gradient reaches the image",
    "changes_dtype": "the dtype changes on the way",
    # attention
    "missing_scale": "the scores are not divided by sqrt(d)",
    "wrong_scale": "the scores are divided by the wrong number",
    "softmax_axis": "softmax over the wrong axis",
    "mask_added": "a mask that was not asked for",
    "returns_values_only": "the weights are not returned",
    "wrong_order": "the two results are swapped",
    "post_norm": "LayerNorm after the addition (Post-LN) instead of before",
    "shared_norm": "one LayerNorm serves both places",
    "missing_attention_residual": "the input is not added back after attention",
    "missing_mlp_residual": "the input of the MLP is not added back",
    "residual_from_normed": "the normalised tensor is added back instead of x",
    "attends_across_batch": "attention runs across the batch instead of the tokens",
    "relu_instead_of_gelu": "ReLU instead of GELU",
    "no_activation": "no activation between the two Linear layers",
    "missing_attention_norm": "no LayerNorm before attention",
    "missing_mlp_norm": "no LayerNorm before the MLP",
    "norm_query_only": "only the query is normalised",
    "dropout_missing": "dropout is missing",
    "dropout_always_on": "dropout acts in eval mode too",
    "wrong_hidden_dim": "hidden_dim is not used",
    "returns_tuple": "forward returns a tuple",
    "batch_norm": "BatchNorm instead of LayerNorm",
    "causal_mask": "a causal mask hides later tokens",
    "parallel_branches": "attention and MLP run side by side instead of one after the other",
    "heads_ignored": "num_heads makes no difference",
    "unregistered_layers": "some layers are not registered",
    # the whole model
    "cls_missing": "there is no class token",
    "mean_pool": "the average of all tokens instead of the class token",
    "cls_appended_last": "the class token stands last instead of first",
    "reads_wrong_token": "the head reads a patch instead of the class token",
    "cls_not_parameter": "the class token is never trained",
    "pos_not_parameter": "the positions are never trained",
    "pos_missing": "no positions are added",
    "pos_before_cls": "the class token gets no position",
    "pos_same_for_all_tokens": "every token gets the same position",
    "pos_not_sliced": "positions are not sliced to the tokens present",
    "shared_blocks": "all layers are one and the same block",
    "softmax_output": "a softmax instead of logits",
    "log_softmax_output": "a log-softmax instead of logits",
    "no_final_norm": "no LayerNorm before the head",
    "wrong_num_layers": "the number of blocks is not num_layers",
    "hardcoded_batch_size": "only one batch size works",
    "cls_not_per_image": "the class token is not expanded over the batch",
    "normalizes_across_tokens": "a normalisation runs over the tokens",
    # training
    "softmax_before_cross_entropy": "softmax before the cross-entropy",
    "loss_not_returned": "the loss is not returned",
    "loss_detached": "the loss carries no gradient",
    "loss_summed": "the loss is a sum instead of a mean",
    "accuracy_wrong": "a logged accuracy is not right",
    "optimizer_misses_parameters": "the optimiser misses parameters",
    "lr_ignored": "the learning rate is ignored",
    "wrong_optimizer": "another optimiser than AdamW",
    "metric_names_missing": "some metrics are not logged",
}

# finding: what is said to the student. Findings that are not here, and all that begin with flag_, are for the instructor alone.
REMARKS = {
    "builtin_layer": "You used a ready-made layer of PyTorch inside your block. That is allowed and costs nothing.",
    "carry_from_notebook": "No carry/ folder was handed in, so the model's code was taken from your notebook 03.",
    "standin": "A stand-in from helpers is not your own code, so it earns no points.",
}

_ANSI = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|[@-Z\\-_])")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]|[\U000e0000-\U000e007f]")


def plain(text: str) -> str:
    """Text of a student as it can be shown: no terminal codes, and each character that hides or turns text is named.

    Marks that turn the direction of writing can make code look like other code; here they read [U+202E].
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", _ANSI.sub("", text.replace("\r\n", "\n")))


def one_line(text: str, longest: int = 200) -> str:
    """Plain text on one line, cut where it is too long."""
    text = " ".join(plain(unicodedata.normalize("NFC", text)).split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def number(value: float) -> str:
    """Points without needless digits."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def mistake(code: str, exercise: str = "") -> str:
    """What a misconception code means, in words; in notebooks 05 to 10 that depends on the exercise."""
    return LESSONS.get(exercise, {}).get(code) or MISTAKES.get(code) or code.replace("_", " ")


def flag(name: str) -> str:
    """What a flag means, for the instructor."""
    return name.removeprefix("flag_").replace("_", " ")


def remark(finding: str) -> str:
    """What a finding says to the student; "" where it is for the instructor alone."""
    return REMARKS.get(finding, "")


def result(verdict: Verdict) -> str:
    """The verdict in two or three words."""
    if verdict.status not in ("graded", "repaired"):
        return STATUSES[verdict.status][0]
    if verdict.is_written:
        return "Marked by your instructor"
    if verdict.passed:
        return "Right"
    return "Partly right" if verdict.points > 0 else "Not right yet"


def what_to_do(verdicts: list[Verdict]) -> str:
    """The sentence under the score of a page: what is to be done next, or that nothing is."""
    open_ones = [verdict for verdict in verdicts if not (verdict.passed or verdict.is_marked)]
    if not open_ones:
        if any(verdict.is_written for verdict in verdicts):
            return "Everything has been judged, your answers in words by your instructor. There is nothing left to do."
        return "Everything is right. There is nothing left to do."
    statuses = {verdict.status for verdict in verdicts}
    if statuses == {"missing"}:
        return "This notebook was not among the files you handed in. If your course still takes it, hand it in."
    if statuses == {"not_gradable"}:
        return "Your file could not be read. Download the notebook again (File > Download > .ipynb), open it once to see that it works, and hand that file in."
    if all(verdict.status == "needs_review" for verdict in open_ones):
        return f"Your instructor will look at {_listed([verdict.title for verdict in open_ones])}. There is nothing you need to do."
    if all(verdict.status == "not_attempted" for verdict in open_ones):
        return f"Still open: {_listed([verdict.title for verdict in open_ones])}. What you handed in there is the empty stub."
    most = sum(verdict.max_points for verdict in verdicts)
    if most and sum(verdict.points for verdict in verdicts) >= most:
        practice = open_ones[0]
        why = mistake(practice.codes[0], practice.exercise) if practice.codes else _SHORT[practice.status]
        return f"You have all points. In {practice.title}, which gives none, something is left to mend: {why}."
    first = max((verdict for verdict in open_ones if verdict.status != "needs_review"), key=lambda verdict: verdict.max_points - verdict.points)
    if first.codes and first.status in ("graded", "repaired"):
        said = f"To mend: {mistake(first.codes[0], first.exercise)}." if len(verdicts) == 1 else f"Look at {first.title} first: {mistake(first.codes[0], first.exercise)}."
    else:
        why = "there is no answer yet" if first.is_written else _SHORT[first.status]
        said = f"To mend: {why}." if len(verdicts) == 1 else f"Look at {first.title} first: {why}."
    others = len(open_ones) - 1
    return said + (f" {others} more {'exercise is' if others == 1 else 'exercises are'} below." if others else "")


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
