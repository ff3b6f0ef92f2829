# expect: fail codes=jump_at_boundary
import math


def warmup_cosine(step, warmup_steps, total_steps):
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    progress = step / total_steps        # how much of the training is done
    return (math.cos(math.pi * progress) + 1) / 2
