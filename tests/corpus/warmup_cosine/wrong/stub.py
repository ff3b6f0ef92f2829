# expect: fail codes=not_implemented
def warmup_cosine(step, warmup_steps, total_steps):
    raise NotImplementedError()
