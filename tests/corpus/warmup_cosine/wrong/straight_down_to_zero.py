# expect: fail codes=linear_decay
def warmup_cosine(step, warmup_steps, total_steps):
    """Triangle."""
    up = (step + 1) / warmup_steps
    down = (total_steps - step) / (total_steps - warmup_steps)
    return min(up, down)
