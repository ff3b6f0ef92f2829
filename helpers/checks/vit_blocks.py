"""The blocks of a student's Vision Transformer, where they are modules: what they are given, what they return, how often they are called."""

from __future__ import annotations

import torch
from torch import nn

from .vit_parts import SIZES, TOKENS, Parts, hooked


@torch.no_grad()
def given_to_blocks(model, images, parts: Parts) -> list[tuple[nn.Module, torch.Tensor]]:
    """Each module with a LayerNorm and matrices of blocks, and the tokens [B, T, D] it is given, call by call; [] where no block is a module."""
    found = []

    def hook(module, given):
        x = given[0] if given else None
        if has_norm(module) and isinstance(x, torch.Tensor) and x.dim() == 3 and TOKENS in x.shape[:2]:
            found.append((module, images_first(x)))

    hooked(model, images, in_blocks(model, parts), before=hook)
    return found


def entering(model, images, parts: Parts) -> torch.Tensor:
    """Share of zeros among the patches and in the class token of what enters each block, [calls, 2]."""
    zeros = [x == 0 for _, x in given_to_blocks(model, images, parts)]
    return torch.tensor([[zero[:, 1:].double().mean(), zero[:, :1].double().mean()] for zero in zeros], dtype=torch.float64).reshape(-1, 2)


@torch.no_grad()
def chain(model, images, parts: Parts) -> str:
    """"beside" where all blocks are given the same tokens, as in a sum of blocks; "broken" where a block, or the LayerNorm
    behind the last one, is not given what the block before it returned; "" where all is well or no block is a module."""
    inner = {id(p) for p in parts.roles.matrices} - {id(p) for p in parts.outside()}
    kinds: dict[type, list[tuple[nn.Module, torch.Tensor]]] = {}
    for module, x in given_to_blocks(model, images, parts):
        kinds.setdefault(type(module), []).append((module, x))
    for called in kinds.values():
        owned = [inner & {id(p) for p in module.parameters()} for module, _ in called]
        if len(called) == SIZES["num_layers"] and sum(map(len, owned)) == len(inner) == len(set().union(*owned)):
            break
    else:
        return ""
    if all(torch.equal(called[0][1], x) for _, x in called):
        return "beside"
    returned, normed, blocks = [], [], [module for module, _ in called]

    def watch(module, given, out):
        if module in blocks:
            returned.append(images_first(out[0] if isinstance(out, tuple) else out))
        elif len(returned) == len(blocks):
            normed.append(given[0] if given[0].dim() == 2 else images_first(given[0])[:, 0])

    within = {id(m) for block in blocks for m in block.modules()}
    norms = [m for m in model.modules() if isinstance(m, nn.LayerNorm) and id(m) not in within]
    hooked(model, images, blocks + norms, after=watch)
    same = [torch.allclose(x, out, atol=1e-5) for (_, x), out in zip(called[1:], returned)]
    last = [x.shape == returned[-1][:, 0].shape and torch.allclose(x, returned[-1][:, 0], atol=1e-5) for x in normed]
    return "" if all(same) and (any(last) or not last) else "broken"


def images_first(x: torch.Tensor) -> torch.Tensor:
    """A copy of tokens [B, T, D] or [T, B, D] as [B, T, D]."""
    return (x if x.shape[1] == TOKENS else x.transpose(0, 1)).detach().clone()


def one_sided(model, images, parts: Parts) -> bool:
    """True where large pixels move the tokens in front of the first block up and never down: an activation behind the projection."""
    dark, bright = ([x for _, x in given_to_blocks(model, shown, parts)] for shown in (0 * images, 1000 * images))
    moved = bright[0] - dark[0] if dark and len(dark) == len(bright) else torch.zeros(1)
    return bool(moved.max() > 50 and moved.min() > -moved.max() / 20)


def calls(model, images, parts: Parts) -> tuple[int, int]:
    """How often the busiest block is called in one forward pass, and the busiest part of a block; 0 where there is no such module."""
    blocks, inside = {}, {}

    def count(module, given):
        where = blocks if has_norm(module) else inside
        where[id(module)] = where.get(id(module), 0) + 1

    hooked(model, images, in_blocks(model, parts), before=count)
    return max(blocks.values(), default=0), max(inside.values(), default=0)


def busiest(model, images, modules) -> int:
    """How often the busiest of these modules is called in one forward pass."""
    times: dict[int, int] = {}

    def count(module, given):
        times[id(module)] = times.get(id(module), 0) + 1

    hooked(model, images, {id(m): m for m in modules}.values(), before=count)
    return max(times.values(), default=0)


def has_norm(module) -> bool:
    """Whether a module holds a LayerNorm, as a block does and attention or an MLP does not."""
    return any(isinstance(m, nn.LayerNorm) for m in module.modules())


def in_blocks(model, parts: Parts) -> list[nn.Module]:
    """Every module, but the model itself, that holds two matrices of blocks or more."""
    inner = {id(p) for p in parts.roles.matrices} - {id(p) for p in parts.outside()}
    return [m for m in model.modules() if m is not model and sum(id(p) in inner for p in m.parameters()) > 1]
