# expect: fail codes=wrong_cosine
def warmup_cosine(step, warmup_steps, total_steps):
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    q = (step - warmup_steps) / (total_steps - warmup_steps)
    return 1 - q * q
