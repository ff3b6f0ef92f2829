# expect: fail codes=same_draw_every_time
import torch

def drop_path(x, p, training):
    # always the first ones, it is random enough because the batch is shuffled
    if not training or p == 0:
        return x
    n = int(round(p * x.shape[0]))
    out = x.clone()
    out[:n] = 0
    out[n:] = out[n:] / (1 - p) if p < 1 else 0
    return out
