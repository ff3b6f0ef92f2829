# expect: pass
import numpy as np

def warmup_cosine(step, warmup_steps, total_steps):
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    else:
        decay_steps = total_steps - warmup_steps
        decay_step = np.clip(step - warmup_steps, 0, decay_steps)
        return float((np.cos(np.pi * decay_step / decay_steps) + 1) / 2)
