# expect: pass
from math import cos, pi


def warmup_cosine(step: int, warmup_steps: int, total_steps: int) -> float:
    if step >= total_steps:
        return 0.0
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    fraction: float = (step - warmup_steps) / (total_steps - warmup_steps)
    return (cos(pi * fraction) + 1.0) / 2.0
