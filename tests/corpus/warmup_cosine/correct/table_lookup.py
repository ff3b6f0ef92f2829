# expect: pass
import math

def warmup_cosine(step, warmup_steps, total_steps):
    """Builds the whole schedule and looks up one entry. Slow but easy to plot."""
    schedule = []
    for i in range(warmup_steps):
        schedule.append((i + 1) / warmup_steps)
    n = total_steps - warmup_steps
    for i in range(n + 1):
        schedule.append(0.5 * (1 + math.cos(math.pi * i / n)) if n > 0 else 0.0)
    return schedule[min(step, len(schedule) - 1)]
