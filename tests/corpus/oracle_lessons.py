"""Decides, without helpers.checks, which clauses of the contract a function of notebooks 06 to 10 breaks.

One public function an exercise; each returns a list of broken clauses, the empty list for right code. Written from the
contract alone, with loops and plain numbers. Where the contract leaves a choice, every choice is taken for right.
"""

import math
import random
import warnings

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def _clauses(*checks):
    """Names of the checks that fail or raise."""
    broken = []
    for name, check in checks:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ok = check()
        except Exception as error:
            broken.append(f"{name}: {type(error).__name__}: {error}")
        else:
            if not ok:
                broken.append(name)
    return broken


def _list(value):
    """Nested lists of plain numbers, whatever holds them."""
    if isinstance(value, (torch.Tensor, np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [_list(item) for item in value]
    return value


def _near(a, b, tolerance=1e-4):
    a, b = np.array(_list(a), dtype=float), np.array(_list(b), dtype=float)
    return a.shape == b.shape and bool(np.all(np.isfinite(a))) and bool(np.all(np.abs(a - b) <= tolerance * max(1.0, np.abs(b).max())))


# 06


def precision_recall_f1(fn):
    """Broken clauses of `precision_recall_f1(confusion)`."""
    rng = random.Random(5)
    matrices = [[[rng.randrange(1, 40) + 30 * (i == j) for j in range(k)] for i in range(k)] for k in (3, 4, 7, 10)]
    holes = [[rng.randrange(1, 20) for _ in range(7)] for _ in range(7)]
    for k in range(7):
        holes[2][k] = holes[k][3] = holes[4][k] = holes[k][4] = 0
    holes[6][6] = 0
    matrices += [holes, [[5, 0], [0, 7]], [[0, 3], [2, 0]]]
    return _clauses(*((f"matrix {number}", lambda matrix=matrix: _scores_right(fn, matrix)) for number, matrix in enumerate(matrices)))


def _scores_right(fn, matrix):
    precision, recall, f1 = fn(torch.tensor(matrix))
    wanted = [[], [], []]
    for k in range(len(matrix)):
        called = sum(row[k] for row in matrix)
        present = sum(matrix[k])
        p = matrix[k][k] / called if called else 0.0
        r = matrix[k][k] / present if present else 0.0
        for values, value in zip(wanted, (p, r, 2 * p * r / (p + r) if p + r else 0.0)):
            values.append(value)
    return _near(precision, wanted[0]) and _near(recall, wanted[1]) and _near(f1, wanted[2])


def mean_attention_distance(fn):
    """Broken clauses of `mean_attention_distance(attention, grid, patch_size)`."""
    sizes = ((2, 2, 3, (2, 3), 5), (1, 3, 2, (3, 2), 2), (3, 1, 1, (3, 3), 1), (2, 3, 2, (1, 5), 4))
    return _clauses(*((f"sizes {size}", lambda size=size: _distance_right(fn, *size)) for size in sizes))


def _distance_right(fn, layers, images, heads, grid, p):
    torch.manual_seed(3)
    tokens = 1 + grid[0] * grid[1]
    attention = (torch.randn(layers, images, heads, tokens, tokens) * 1.5).softmax(-1)
    weights = attention.tolist()
    wanted = [[0.0] * heads for _ in range(layers)]
    for layer in range(layers):
        for head in range(heads):
            means = []
            for image in range(images):
                for query in range(1, tokens):
                    row = weights[layer][image][head][query][1:]
                    y, x = divmod(query - 1, grid[1])
                    far = [p * math.dist((y, x), divmod(key, grid[1])) for key in range(tokens - 1)]
                    means.append(sum(w * d for w, d in zip(row, far)) / sum(row))
            wanted[layer][head] = sum(means) / len(means)
    return _near(fn(attention, grid, p), wanted)


# 07


def vit_cost(fn):
    """Broken clauses of `vit_cost(...)`: the parameters are counted on real modules."""
    sizes = ((28, 7, 1, 64, 128, 3, 10), (32, 4, 3, 48, 80, 2, 5), (12, 3, 2, 16, 24, 5, 7))
    seen = []

    def tokens(size):
        return fn(*size)["tokens"] == (size[0] // size[1]) ** 2 + 1

    def products(size):
        image, p, c, d, f, layers, k = size
        n = (image // p) ** 2
        shapes = [(n, c * p * p, d), (1, d, k)]  # (rows, inner, columns) of every product
        for _ in range(layers):
            shapes += [(n + 1, d, d)] * 4 + [(n + 1, d, n + 1), (n + 1, n + 1, d), (n + 1, d, f), (n + 1, f, d)]
        return fn(*size)["forward_macs"] == sum(a * b * e for a, b, e in shapes)

    def convention():
        for size in sizes:
            counted = {(a, b): _count(size, a, b) for a in (True, False) for b in (True, False)}
            seen.append({key for key, value in counted.items() if value == fn(*size)["parameters"]})
        return bool(set.intersection(*seen))

    return _clauses(*((f"tokens {size}", lambda size=size: tokens(size)) for size in sizes), ("parameters", convention),
                    *((f"products {size}", lambda size=size: products(size)) for size in sizes))


def _count(size, projection_bias, qkv_bias):
    image, p, c, d, f, layers, k = size
    parts = [nn.Linear(c * p * p, d, bias=projection_bias), nn.LayerNorm(d), nn.Linear(d, k)]
    for _ in range(layers):
        parts += [nn.LayerNorm(d), nn.LayerNorm(d), nn.Linear(d, 3 * d, bias=qkv_bias), nn.Linear(d, d), nn.Linear(d, f), nn.Linear(f, d)]
    free = d + ((image // p) ** 2 + 1) * d
    return free + sum(one.numel() for part in parts for one in part.parameters())


def resize_pos_embedding(fn):
    """Broken clauses of `resize_pos_embedding(pos, old_grid, new_grid)`."""
    grids = (((3, 3), (6, 6)), ((2, 5), (5, 3)), ((4, 4), (3, 7)), ((3, 4), (4, 3)), ((6, 6), (4, 2)))
    kept = torch.randn(1, 1 + 15, 4)
    return _clauses(*((f"grids {old} {new}", lambda old=old, new=new: _resized(fn, old, new)) for old, new in grids),
                    ("equal grids", lambda: _near(fn(kept.clone(), (3, 5), (3, 5)), kept)))


def _resized(fn, old, new):
    torch.manual_seed(6)
    pos = torch.randn(1, 1 + old[0] * old[1], 3)
    out = fn(pos.clone(), old, new)
    if tuple(out.shape) != (1, 1 + new[0] * new[1], 3) or not _near(out[:, :1], pos[:, :1]):
        return False
    image = pos[0, 1:].reshape(*old, 3).permute(2, 0, 1).double().numpy()  # [D, h, w]
    for a in (-0.75, -0.5):
        for corners in (False, True):
            for smooth in (False, True):
                down = _axis(old[0], new[0], a, corners, smooth)
                across = _axis(old[1], new[1], a, corners, smooth)
                result = np.stack([down @ plane @ across.T for plane in image])
                if _near(out[0, 1:], result.reshape(3, -1).T, 1e-3):
                    return True
    return False


def _axis(old, new, a, corners, smooth):
    """Matrix [new, old] of cubic interpolation along one axis; `smooth` widens the kernel when shrinking (antialiasing)."""
    matrix = np.zeros((new, old))
    step = (old - 1) / (new - 1) if corners and new > 1 else old / new
    wide = max(1.0, step) if smooth else 1.0
    for row in range(new):
        place = row * step if corners else (row + 0.5) * step - 0.5
        reach = range(math.floor(place - 2 * wide), math.ceil(place + 2 * wide) + 1)
        for k in reach:
            d = abs(place - k) / wide
            weight = ((a + 2) * d**3 - (a + 3) * d**2 + 1 if d <= 1 else a * (d**3 - 5 * d**2 + 8 * d - 4) if d < 2 else 0.0)
            if not smooth:
                matrix[row, min(max(k, 0), old - 1)] += weight
            elif 0 <= k < old:  # antialiasing leaves out what lies outside, and scales the rest
                matrix[row, k] += weight
    return matrix / matrix.sum(1, keepdims=True)


# 08


class _Features(nn.Module):
    """Notes what it was called with; its features show whether dropout acts."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor([1.0, 10.0, 100.0]))
        self.layers = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(3))
        self.modes = []

    def forward(self, x):
        self.modes.append(self.training)
        return self.layers(x.flatten(1)[:, :3] * self.scale)


def extract_features(fn):
    """Broken clauses of `extract_features(backbone, loader)`."""
    return _clauses(*((f"{count} images, batches of {size}, training {training}", lambda count=count, size=size, training=training:
                       _extracted(fn, count, size, training)) for count, size, training in ((10, 3, True), (7, 3, False), (6, 6, True), (5, 8, False))),
                    ("a loader that shuffles", lambda: _pairs(fn)))


def _extracted(fn, count, size, training):
    torch.manual_seed(8)
    images, labels = torch.randn(count, 1, 2, 3), torch.randint(0, 9, (count,))
    backbone = _Features().train(training)
    before = [module.training for module in backbone.modules()]
    features, found = fn(backbone, DataLoader(TensorDataset(images, labels), batch_size=size))
    if any(backbone.modes) or [module.training for module in backbone.modules()] != before or not torch.is_grad_enabled():
        torch.set_grad_enabled(True)
        return False
    wanted = images.flatten(1)[:, :3] * torch.tensor([1.0, 10.0, 100.0]) / math.sqrt(1 + 1e-5)
    return not features.requires_grad and features.device.type == "cpu" and _near(features, wanted) and _near(found, labels)


def _pairs(fn):
    images = torch.arange(12.0).reshape(12, 1, 1, 1).expand(12, 1, 1, 3)
    features, labels = fn(_Features().eval(), DataLoader(TensorDataset(images, torch.arange(12)), batch_size=5, shuffle=True))
    return _near(features[:, 0] * math.sqrt(1 + 1e-5), labels, 1e-3) and sorted(_list(labels)) == list(range(12))


class _Stack(nn.Module):
    """The parts of the course's VisionTransformer, by the names of notebook 03's solution."""

    def __init__(self, depth):
        super().__init__()
        self.project = nn.Linear(4, 6, bias=False)
        self.cls_token, self.positions = nn.Parameter(torch.zeros(1, 1, 6)), nn.Parameter(torch.zeros(1, 3, 6))
        self.dropout = nn.Dropout(0.0)
        self.blocks = nn.Sequential(*(self.block() for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(6), nn.Linear(6, 2)

    def block(self):
        block = nn.Module()
        block.norm1, block.norm2, block.qkv, block.mix_heads = nn.LayerNorm(6), nn.LayerNorm(6), nn.Linear(6, 18), nn.Linear(6, 6)
        block.mlp = nn.Sequential(nn.Linear(6, 8), nn.GELU(), nn.Dropout(0.0), nn.Linear(8, 6), nn.Dropout(0.0))
        return block


def layerwise_lr_groups(fn):
    """Broken clauses of `layerwise_lr_groups(model, lr, decay)`."""
    return _clauses(*((f"depth {depth}", lambda depth=depth, lr=lr, decay=decay: _grouped(fn, depth, lr, decay))
                      for depth, lr, decay in ((1, 1e-3, 0.5), (3, 2e-4, 0.75), (6, 1e-3, 0.9), (8, 5e-4, 0.65))))


def _grouped(fn, depth, lr, decay):
    model = _Stack(depth)
    optimizer = torch.optim.AdamW(fn(model, lr, decay), lr=lr)
    rate = {}
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            if id(parameter) in rate:
                return False
            rate[id(parameter)] = group["lr"]
    if set(rate) != {id(parameter) for parameter in model.parameters()}:
        return False

    def all_at(parameters, *rates):
        return all(any(math.isclose(rate[id(p)], one, rel_tol=1e-5) for one in rates) for p in parameters)

    lowest = lr * decay**depth
    embeddings = [model.cls_token, model.positions, model.project.weight]
    return (all_at(model.head.parameters(), lr) and all_at(model.norm.parameters(), lr, lr * decay)
            and all(all_at(block.parameters(), lr * decay ** (depth - i)) for i, block in enumerate(model.blocks))
            and all(0 < rate[id(p)] < lowest * (1 - 1e-5) for p in embeddings))


# 09


def drop_path(fn):
    """Broken clauses of `drop_path(x, p, training)`."""
    def still(p, training):
        x = torch.randn(5, 2, 3)
        return _near(fn(x.clone(), p, training), x)

    return _clauses(("eval", lambda: still(0.5, False)), ("p = 0", lambda: still(0.0, True)), ("eval at p = 0", lambda: still(0.0, False)),
                    *((f"p = {p}", lambda p=p: _dropped(fn, p)) for p in (0.1, 0.4, 0.8)), ("gradient", lambda: _survivors_learn(fn)))


def _dropped(fn, p):
    torch.manual_seed(11)
    random.seed(11)
    np.random.seed(11)
    x = torch.rand(1500, 2, 3) + 1
    first, second = (fn(x.clone(), p, True).numpy() for _ in range(2))
    gone = []
    for one, out in zip(x.numpy(), first):
        if not np.all(out == 0) and not np.allclose(out, one / (1 - p), rtol=1e-3):
            return False
        gone.append(bool(np.all(out == 0)))
    spread = math.sqrt(p * (1 - p) / len(x))
    return abs(sum(gone) / len(x) - p) < 5 * spread and not np.array_equal(first, second)


def _survivors_learn(fn):
    torch.manual_seed(12)
    x = torch.rand(200, 2, 3) + 1
    x.requires_grad_(True)
    out = fn(x * 1, 0.5, True)
    out.sum().backward()
    return _near(x.grad, out.detach() / x.detach())


def warmup_cosine(fn):
    """Broken clauses of `warmup_cosine(step, warmup_steps, total_steps)`."""
    return _clauses(*((f"{warmup} of {total} steps", lambda warmup=warmup, total=total: _scheduled(fn, warmup, total))
                      for warmup, total in ((4, 20), (10, 60), (7, 100), (50, 150))))


def _scheduled(fn, warmup, total):
    f = [float(fn(step, warmup, total)) for step in range(total)]
    rise = (f[warmup - 1] - f[0]) / (warmup - 1)
    straight = all(abs(f[s] - (f[0] + s * rise)) < 1e-5 for s in range(warmup))
    if f[0] < 1e-9 or rise <= 0 or not straight:
        return False
    for top in (warmup - 1, warmup):
        for end in (total - 1, total):
            wave = [0.5 + 0.5 * math.cos(math.pi * (s - top) / (end - top)) for s in range(top, total)]
            reached = abs(f[warmup - 1] - 1) < 1e-5 or (top == warmup and f[warmup - 1] < 1 and f[warmup - 1] + rise > 1 - 1e-5)
            if reached and all(abs(a - b) < 1e-5 for a, b in zip(f[top:], wave)):
                return True
    return False


# 10


def attention_rollout(fn):
    """Broken clauses of `attention_rollout(attention)`."""
    sizes = ((3, 2, 2, 4), (1, 3, 4, 3), (5, 1, 1, 6), (2, 4, 3, 5))
    return _clauses(*((f"sizes {size}", lambda size=size: _rolled(fn, *size)) for size in sizes), ("rows sum to 1", lambda: _rows(fn)))


def _rolled(fn, layers, images, heads, tokens):
    torch.manual_seed(13)
    attention = (torch.randn(layers, images, heads, tokens, tokens) * 2).softmax(-1)
    wanted = []
    for image in range(images):
        flow = [[float(i == j) for j in range(tokens)] for i in range(tokens)]
        for layer in range(layers):
            mixed = []
            for i in range(tokens):
                row = [sum(float(attention[layer, image, h, i, j]) for h in range(heads)) / heads * 0.5 + 0.5 * (i == j) for j in range(tokens)]
                mixed.append([value / sum(row) for value in row])
            flow = [[sum(mixed[i][k] * flow[k][j] for k in range(tokens)) for j in range(tokens)] for i in range(tokens)]
        wanted.append(flow)
    return _near(fn(attention), wanted)


def _rows(fn):
    torch.manual_seed(14)
    attention = torch.rand(3, 2, 2, 5, 5) * 0.3
    sums = fn(attention).sum(-1)
    return _near(sums, torch.ones(2, 5))
