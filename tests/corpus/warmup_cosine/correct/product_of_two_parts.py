# expect: pass
from math import cos, pi


def warmup_cosine(step, warmup_steps, total_steps):
    ramp = min(1.0, (step + 1) / max(1, warmup_steps))
    after = max(0, step - warmup_steps) / max(1, total_steps - warmup_steps)
    return ramp * (1 + cos(pi * min(1.0, after))) / 2
