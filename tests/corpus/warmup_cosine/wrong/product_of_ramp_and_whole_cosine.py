# expect: fail codes=never_reaches_one
import math

def warmup_cosine(step, warmup_steps, total_steps):
    ramp = min(1.0, (step + 1) / warmup_steps)
    return ramp * 0.5 * (1 + math.cos(math.pi * step / total_steps))
