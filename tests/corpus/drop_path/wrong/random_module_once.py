# expect: fail codes=whole_batch
import random

def drop_path(x, p, training):
    if not training or p == 0:
        return x
    if random.random() < p:
        return 0 * x
    else:
        return x / (1 - p)
