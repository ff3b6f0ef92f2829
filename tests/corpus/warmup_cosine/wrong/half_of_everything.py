# expect: fail codes=never_reaches_one
import math


def warmup_cosine(step, warmup_steps, total_steps):
    if step < warmup_steps:
        return 0.5 * (step + 1) / warmup_steps
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return 0.25 * (1 + math.cos(math.pi * progress))
