# expect: pass
import math

START = 0.01


def warmup_cosine(step, warmup_steps, total_steps):
    if step < warmup_steps:
        # as LinearLR: from START to 1
        return START + (1 - START) * step / warmup_steps
    rest = total_steps - warmup_steps
    done = step - warmup_steps
    if done >= rest:
        return 0.0
    return 0.5 * math.cos(math.pi * done / rest) + 0.5
