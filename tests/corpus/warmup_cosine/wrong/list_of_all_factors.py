# expect: fail codes=wrong_shape
import math


def warmup_cosine(step, warmup_steps, total_steps):
    factors = []
    for s in range(total_steps):
        if s < warmup_steps:
            factors.append((s + 1) / warmup_steps)
        else:
            factors.append(0.5 * (1 + math.cos(math.pi * (s - warmup_steps) / (total_steps - warmup_steps))))
    return factors
