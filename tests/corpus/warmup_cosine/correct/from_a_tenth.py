# expect: pass
import math


def between(a, b, fraction):
    return a + (b - a) * fraction


def warmup_cosine(step, warmup_steps, total_steps):
    # the warm-up begins at a tenth, a step with lr 0 would be a wasted batch
    if step < warmup_steps:
        return between(0.1, 1.0, step / warmup_steps)
    fraction = min(1.0, (step - warmup_steps) / max(1, total_steps - warmup_steps))
    return between(1.0, 0.0, (1 - math.cos(math.pi * fraction)) / 2)
