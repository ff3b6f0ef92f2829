# expect: pass
import cmath


def warmup_cosine(step, warmup_steps, total_steps):
    if step < warmup_steps:
        return (1 + step) / (1 + warmup_steps)
    angle = cmath.pi * (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return (1 + cmath.exp(1j * angle).real) / 2
