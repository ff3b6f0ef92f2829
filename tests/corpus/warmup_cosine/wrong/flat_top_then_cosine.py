# expect: fail codes=unknown
import math


def warmup_cosine(step, warmup_steps, total_steps):
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    middle = (warmup_steps + total_steps) / 2
    if step < middle:
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (step - middle) / (total_steps - middle)))
