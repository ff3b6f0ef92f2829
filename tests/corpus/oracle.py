"""Decides, without names and without helpers.checks, which clauses of the contract a student's code breaks.

Two public functions, `img_to_patch(fn)` and `attention_block(cls)`. Each returns a list of broken clauses; the empty list
means right. They were written from the contract alone and judge the corpus and its automatic mutants. Where a design is too
unusual to be probed they stay silent: a false alarm on right code would be worse than a miss.
"""

import torch

from tests.corpus import oracle_block


def img_to_patch(fn):
    """Broken clauses of `img_to_patch(x, patch_size, flatten_channels=True)`, compared index by index."""
    broken = []

    def attempt(clause, check):
        try:
            ok = check()
        except Exception as error:
            broken.append(f"{clause}: {type(error).__name__}: {error}")
        else:
            if not ok:
                broken.append(clause)

    for shape, patch in _SIZES:
        x = torch.arange(1.0, 1 + torch.Size(shape).numel(), dtype=torch.float64).reshape(shape)
        attempt(f"values of {shape}, patch {patch}", lambda: _equal(fn(x, patch), _patches(x, patch).flatten(2)))
        attempt(f"values of {shape} unflattened, patch {patch}", lambda: _equal(fn(x, patch, flatten_channels=False), _patches(x, patch)))
    for shape, patch in _INDIVISIBLE:
        for flat in (True, False):
            attempt(f"ValueError for {shape}, patch {patch}, flatten {flat}", lambda: _raises_value_error(fn, torch.rand(shape), patch, flat))

    for flat in (True, False):
        attempt(f"gradient, flatten {flat}", lambda: _gradient_right(fn, flat))
        attempt(f"input kept, flatten {flat}", lambda: _input_kept(fn, flat))
        for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
            x = torch.randn(2, 3, 4, 6).to(dtype)
            attempt(f"{dtype}, flatten {flat}", lambda: _equal(fn(x, 2, flat), _expected(x, 2, flat)))
        for name, x in _strided_inputs():
            attempt(f"{name} input, flatten {flat}", lambda: _equal(fn(x, 2, flat), _expected(x, 2, flat)))
        attempt(f"device, flatten {flat}", lambda: _device_kept(fn, flat))
    return broken


_SIZES = (
    *(((2, 3, 4, 6), 2), ((2, 3, 6, 4), 2), ((1, 3, 4, 6), 2), ((5, 1, 6, 9), 3), ((3, 2, 8, 4), 4)),
    *(((2, 3, 5, 5), 5), ((2, 3, 3, 2), 1), ((1, 1, 4, 4), 2), ((3, 4, 2, 6), 2), ((2, 3, 8, 8), 2)),
)
# one side alone, both sides, H * W divisible by p * p all the same, images smaller than a patch
_INDIVISIBLE = (
    *(((2, 3, 7, 8), 2), ((2, 3, 8, 7), 2), ((2, 3, 3, 3), 2), ((1, 1, 6, 4), 4), ((2, 2, 4, 6), 4)),
    *(((1, 2, 2, 2), 4), ((2, 3, 9, 4), 6), ((1, 1, 2, 8), 4)),
)


def _patches(x, p):
    """The contract as a loop over output indices: [B, N, C, p, p]."""
    batch, channels, height, width = x.shape
    out = torch.empty(batch, (height // p) * (width // p), channels, p, p, dtype=x.dtype)
    for n in range(out.shape[1]):
        top, left = n // (width // p) * p, n % (width // p) * p
        for row in range(p):
            for column in range(p):
                out[:, n, :, row, column] = x[:, :, top + row, left + column]
    return out


def _expected(x, p, flat):
    return _patches(x, p).flatten(2) if flat else _patches(x, p)


def _equal(got, want):
    return isinstance(got, torch.Tensor) and got.shape == want.shape and got.dtype == want.dtype and torch.equal(got.detach(), want)


def _raises_value_error(fn, x, patch, flat):
    try:
        fn(x, patch, flatten_channels=flat)
    except ValueError:
        return True
    except Exception:
        return False
    return False


def _gradient_right(fn, flat):
    x = torch.randn(2, 3, 4, 6, dtype=torch.float64, requires_grad=True)
    out = fn(x, 2, flat)
    weight = torch.randn(out.shape, dtype=torch.float64)
    (got,) = torch.autograd.grad((out * weight).sum(), x)
    index = torch.arange(x.numel()).reshape(x.shape)
    want = torch.zeros(x.numel(), dtype=torch.float64)
    want[_expected(index, 2, flat).flatten()] = weight.flatten()
    return torch.allclose(got, want.reshape(x.shape))


def _input_kept(fn, flat):
    x = torch.randn(2, 3, 4, 6)
    before = x.clone()
    fn(x, 2, flat)
    return x.shape == before.shape and x.stride() == before.stride() and torch.equal(x, before)


def _device_kept(fn, flat):
    """Tensors on the meta device carry no numbers; code that cannot run on them is left in peace."""
    try:
        out = fn(torch.empty(2, 3, 4, 6, device="meta"), 2, flat)
    except Exception:
        return True
    return out.device.type == "meta"


def _strided_inputs():
    x = torch.randn(4, 6, 8, 12)
    yield "channels-last", torch.randn(2, 3, 4, 6).to(memory_format=torch.channels_last)
    yield "transposed", x[:2, :3, :, :].transpose(2, 3)
    yield "permuted", torch.randn(4, 6, 3, 2).permute(3, 2, 0, 1)
    yield "strided", x[::2, ::2, ::2, ::2]
    yield "cropped", x[:2, 1:4, 1:5, 2:8]
    yield "expanded", torch.randn(1, 1, 4, 6).expand(2, 3, 4, 6)


def attention_block(cls):
    """Broken clauses of `AttentionBlock(embed_dim, hidden_dim, num_heads, dropout=0.0)`; `oracle_block` says how."""
    return oracle_block.broken_clauses(cls)
