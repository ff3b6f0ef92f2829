# expect: pass
import math

def warmup_cosine(step, warmup_steps, total_steps):
    # reaches 1 at step == warmup_steps
    warm = (step + 1) / (warmup_steps + 1)
    if step < warmup_steps:
        return warm
    t = (step - warmup_steps) / (total_steps - warmup_steps)
    return (1 + math.cos(t * math.pi)) / 2
