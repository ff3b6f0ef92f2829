# expect: pass
import math


def warmup_cosine(step, warmup_steps, total_steps):
    """The last step that is taken is total_steps - 1, so this is where the factor gets to 0."""
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    length = total_steps - 1 - warmup_steps
    if length <= 0:
        return 0.0 if step >= total_steps - 1 else 1.0
    progress = min((step - warmup_steps) / length, 1.0)
    return 0.5 * (1.0 + math.cos(math.pi * progress))
