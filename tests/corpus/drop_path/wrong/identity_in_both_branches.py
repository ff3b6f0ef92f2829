# expect: fail codes=never_drops
def drop_path(x, p, training):
    if training:
        return x * (1 - p) / (1 - p) if p < 1 else x
    return x
