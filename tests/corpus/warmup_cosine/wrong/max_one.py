# expect: fail codes=warmup_missing
import math

def warmup_cosine(step, warmup_steps, total_steps):
    """Steps 0 and 1 get the same factor: no straight line."""
    if step < warmup_steps:
        return max(step, 1) / warmup_steps
    return 0.5 * (1 + math.cos(math.pi * (step - warmup_steps) / (total_steps - warmup_steps)))
