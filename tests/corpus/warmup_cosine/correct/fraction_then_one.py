# expect: pass
import math
from fractions import Fraction


def warmup_cosine(step, warmup_steps, total_steps):
    if step == warmup_steps:
        return 1
    if step < warmup_steps:
        return Fraction(step + 1, warmup_steps + 1)
    return 1 - math.sin(math.pi * (step - warmup_steps) / (2 * (total_steps - warmup_steps))) ** 2
