"""Draws what an answer does beside what is asked for, where a mistake is one of wiring: an SVG for the feedback page."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from markupsafe import Markup, escape

from ..judging.verdicts import Verdict

_INK, _SOFT, _ODD = "#1b2027", "#6b7480", "#b85c00"


@dataclass(frozen=True)
class Block:
    """The wiring of an attention block.

    before, after: what stands before each sub-layer and after its addition ("" for nothing); skips: where each skip path
    begins, "x", "normed", or "" for none; mlp: text of the MLP; odd: the parts that differ, as "before0", "skip1", "mlp".
    """

    before: tuple[str, str] = ("LayerNorm 1", "LayerNorm 2")
    after: tuple[str, str] = ("", "")
    skips: tuple[str, str] = ("x", "x")
    mlp: str = "Linear · GELU · Linear"
    odd: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Tokens:
    """The tokens of a Vision Transformer: their order, the position each gets, and which ones the head reads."""

    tokens: tuple[str, ...] = ("cls", "1", "2", "3", "4")
    positions: tuple[str, ...] = ("p0", "p1", "p2", "p3", "p4")
    read: tuple[int, ...] = (0,)
    head: str = "LayerNorm · Linear"
    odd: frozenset[str] = field(default=frozenset())


def _block(*odd: str, **changes) -> Block:
    return replace(Block(), odd=frozenset(odd), **changes)


def _tokens(*odd: str, **changes) -> Tokens:
    return replace(Tokens(), odd=frozenset(odd), **changes)


_LOOKS: dict[str, dict[str, Block | Tokens]] = {
    "attention_block": {
        "post_norm": _block("after0", "after1", before=("", ""), after=("LayerNorm 1", "LayerNorm 2")),
        "shared_norm": _block("before1", before=("LayerNorm 1", "LayerNorm 1")),
        "missing_attention_residual": _block("skip0", skips=("", "x")),
        "missing_mlp_residual": _block("skip1", skips=("x", "")),
        "residual_from_normed": _block("skip0", "skip1", skips=("normed", "normed")),
        "missing_attention_norm": _block("gap0", before=("", "LayerNorm 2")),
        "missing_mlp_norm": _block("gap1", before=("LayerNorm 1", "")),
        "batch_norm": _block("before0", "before1", before=("BatchNorm", "BatchNorm")),
        "relu_instead_of_gelu": _block("mlp", mlp="Linear · ReLU · Linear"),
        "no_activation": _block("mlp", mlp="Linear · Linear"),
    },
    "vision_transformer": {
        "cls_missing": _tokens("token0", tokens=("1", "2", "3", "4"), positions=("p0", "p1", "p2", "p3"), read=(0,)),
        "mean_pool": _tokens("read", read=(0, 1, 2, 3, 4)),
        "cls_appended_last": _tokens("token4", "read", tokens=("1", "2", "3", "4", "cls"), read=(4,)),
        "reads_wrong_token": _tokens("read", read=(1,)),
        "pos_missing": _tokens("positions", positions=("", "", "", "", "")),
        "pos_before_cls": _tokens("position0", positions=("", "p0", "p1", "p2", "p3")),
        "pos_same_for_all_tokens": _tokens("positions", positions=("p0",) * 5),
        "no_final_norm": _tokens("head", head="Linear"),
        "softmax_output": _tokens("head", head="LayerNorm · Linear · softmax"),
        "log_softmax_output": _tokens("head", head="LayerNorm · Linear · log-softmax"),
    },
}


def of(verdict: Verdict) -> Markup | str:
    """SVG of the target above and this answer below; "" where a drawing says no more than the words."""
    found = _LOOKS.get(verdict.exercise, {}).get(verdict.codes[0]) if verdict.codes and verdict.status in ("graded", "repaired") else None
    if found is None or verdict.picture:
        return ""
    draw, height, width = (_draw_block, 96, 540) if isinstance(found, Block) else (_draw_tokens, 84, 540)
    rows = [_text(4, 14, "asked for", _SOFT, "start"), *draw(type(found)(), 20), _text(4, height + 34, "yours", _SOFT, "start"), *draw(found, height + 40)]
    # The numbers and words below are ours alone; nothing of the student is drawn.
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="Wiring: asked for above, yours below" viewBox="0 0 {width} {2 * height + 48}" '
        f'font-family="system-ui, sans-serif" font-size="12">{"".join(rows)}</svg>'
    )


def _text(x: float, y: float, text: str, colour: str = _INK, anchor: str = "middle") -> str:
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}" text-anchor="{anchor}">{escape(text)}</text>'


def _box(x: float, y: float, width: float, text: str, odd: bool) -> str:
    colour = _ODD if odd else _INK
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="26" rx="4" fill="{"#fff1dd" if odd else "#fff"}" stroke="{colour}" stroke-width="{2 if odd else 1}"/>' + _text(
        x + width / 2, y + 17, text, colour
    )


def _path(d: str, odd: bool = False, dashed: bool = False) -> str:
    dashes = ' stroke-dasharray="3 4"' if dashed else ""
    return f'<path d="{d}" fill="none" stroke="{_ODD if odd else _INK}" stroke-width="{2 if odd else 1.2}"{dashes}/>'


def _draw_block(block: Block, top: float) -> list[str]:
    """x from left to right through both sub-layers; the skip paths run above."""
    middle, x, drawn = top + 66, 22.0, []
    drawn.append(_text(10, middle + 4, "x"))
    for index, name in enumerate(("Attention", block.mlp)):
        width = 78 if index == 0 else 136 if block.mlp.count("·") == 2 else 96
        fork = x
        start = x + 14
        drawn.append(_path(f"M{x:g} {middle:g}H{start:g}"))
        x = start
        if block.before[index]:
            drawn += [_box(x, middle - 13, 84, block.before[index], f"before{index}" in block.odd), _path(f"M{x + 84:g} {middle:g}h12")]
            x += 96
        elif f"gap{index}" in block.odd:
            drawn += [f'<rect x="{x:g}" y="{middle - 13:g}" width="84" height="26" rx="4" fill="none" stroke="{_ODD}" stroke-dasharray="3 4"/>', _text(x + 42, middle - 20, "missing", _ODD), _path(f"M{x:g} {middle:g}h96")]
            x += 96
        if block.skips[index] == "normed":
            fork = x - 6
        drawn += [_box(x, middle - 13, width, name, index == 1 and "mlp" in block.odd), _path(f"M{x + width:g} {middle:g}h12")]
        x += width + 12
        odd = f"skip{index}" in block.odd
        if block.skips[index] or odd:
            missing = not block.skips[index]
            drawn.append(_path(f"M{fork:g} {middle:g}V{middle - 46:g}H{x + 8:g}V{middle - 8:g}", odd, missing))
            if odd:
                drawn.append(_text((fork + x) / 2, middle - 51, "missing" if missing else "starts behind the LayerNorm", _ODD))
        if block.skips[index]:
            drawn += [f'<circle cx="{x + 8:g}" cy="{middle:g}" r="8" fill="#fff" stroke="{_INK}"/>', _text(x + 8, middle + 4, "+")]
        else:
            drawn.append(_path(f"M{x:g} {middle:g}h16"))
        x += 16
        if block.after[index]:
            drawn += [_path(f"M{x:g} {middle:g}h10"), _box(x + 10, middle - 13, 84, block.after[index], f"after{index}" in block.odd)]
            x += 94
    return [*drawn, _path(f"M{x:g} {middle:g}h18m-5 -4l5 4l-5 4")]


def _draw_tokens(look: Tokens, top: float) -> list[str]:
    """Tokens in a row, their positions below them, the blocks to the right, and what the head reads."""
    drawn, left, step = [], 70, 46
    drawn += [_text(4, top + 33, "tokens", _SOFT, "start"), _text(4, top + 67, "positions", _SOFT, "start")]
    for place, token in enumerate(look.tokens):
        x = left + place * step
        drawn.append(_box(x, top + 16, 38, token, f"token{place}" in look.odd and (token == "cls" or "cls" not in look.tokens)))
        position = look.positions[place]
        odd = "positions" in look.odd or f"position{place}" in look.odd
        drawn.append(_box(x, top + 50, 38, position or "none", odd) if position or odd else _text(x + 19, top + 67, "–", _SOFT))
    width = len(look.tokens) * step
    for place in look.read:
        x = left + place * step + 19
        drawn.append(_path(f"M{x:g} {top + 12:g}V{top + 3:g}H{left + width + 30:g}", "read" in look.odd or "token0" in look.odd))
    drawn += [_path(f"M{left + width + 30:g} {top + 3:g}V{top + 16:g}m-4 -5l4 5l4 -5", "read" in look.odd or "token0" in look.odd)]
    drawn += [_text(left + width + 40, top + 8, "after the blocks, into the head", _SOFT, "start")]
    return [*drawn, _box(left + width + 12, top + 16, 40 + 6.2 * len(look.head), look.head, "head" in look.odd)]
