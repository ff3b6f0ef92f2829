# expect: fail codes=linear_decay
def warmup_cosine(step, warmup_steps, total_steps):
    return min(1.0, (step + 1) / warmup_steps) if warmup_steps else 1.0
