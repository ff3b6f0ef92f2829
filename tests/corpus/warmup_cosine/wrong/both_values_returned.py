# expect: fail codes=wrong_shape
import math

def warmup_cosine(step, warmup_steps, total_steps):
    warm = min(1.0, (step + 1) / warmup_steps)
    progress = max(0, step - warmup_steps) / (total_steps - warmup_steps)
    return warm, 0.5 * (1 + math.cos(math.pi * progress))
