# expect: pass
import math

def warmup_cosine(step, warmup_steps, total_steps):
    if step < warmup_steps:
        lr = (step + 1) / warmup_steps
    else:
        s = step - warmup_steps
        S = total_steps - warmup_steps
        # cosine shifted by a quarter turn
        lr = 0.5 - 0.5 * math.sin(math.pi * (s / S - 0.5)) if S > 0 else 0.0
    return lr
