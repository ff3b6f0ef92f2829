# expect: fail codes=wrong_cosine
import math

def warmup_cosine(step, warmup_steps, total_steps):
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    return math.cos(0.5 * math.pi * (step - warmup_steps) / (total_steps - warmup_steps))
