# expect: pass
import math

def warmup_cosine(step, warmup_steps, total_steps):
    # cos^2(x/2) is the same curve as (1 + cos x)/2
    if step < warmup_steps:
        return float(step + 1) / float(warmup_steps)
    if step >= total_steps:
        return 0.0
    x = (step - warmup_steps) / (total_steps - warmup_steps)
    return math.cos(0.5 * math.pi * x) ** 2
