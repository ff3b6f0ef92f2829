# expect: fail codes=raises
import math

def warmup_cosine(step, warmup_steps, total_steps):
    """From 0.1 at step 0 to 1 at step warmup_steps - 1: divides by 0 where that is step 0."""
    if step < warmup_steps:
        return 0.1 + 0.9 * step / (warmup_steps - 1)
    return 0.5 * (1 + math.cos(math.pi * (step - warmup_steps) / (total_steps - warmup_steps)))
