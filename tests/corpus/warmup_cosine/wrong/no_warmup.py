# expect: fail codes=warmup_missing
import math

def warmup_cosine(step, warmup_steps, total_steps):
    return 0.5 * (1 + math.cos(math.pi * step / total_steps))
