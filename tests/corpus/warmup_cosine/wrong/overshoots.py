# expect: fail codes=never_reaches_one
import math

def warmup_cosine(step, warmup_steps, total_steps):
    if step <= warmup_steps:
        return (step + 1) / warmup_steps
    return 0.5 * (1 + math.cos(math.pi * (step - warmup_steps) / (total_steps - warmup_steps)))
