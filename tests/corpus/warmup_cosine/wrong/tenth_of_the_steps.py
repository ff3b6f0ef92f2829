# expect: fail codes=warmup_not_linear
import math

def warmup_cosine(step, warmup_steps, total_steps):
    warmup_steps = max(1, round(0.1 * total_steps))
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - warmup_steps) / (total_steps - warmup_steps)))
