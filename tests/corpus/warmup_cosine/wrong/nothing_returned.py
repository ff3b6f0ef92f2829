# expect: fail codes=not_implemented
import math

def warmup_cosine(step, warmup_steps, total_steps):
    if step < warmup_steps:
        factor = (step + 1) / warmup_steps
    else:
        factor = 0.5 * (1 + math.cos(math.pi * (step - warmup_steps) / (total_steps - warmup_steps)))
