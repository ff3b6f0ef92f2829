# expect: fail codes=not_zero_at_end
def warmup_cosine(step, warmup_steps, total_steps):
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    return 0.95 ** (step - warmup_steps)
