# expect: fail codes=not_implemented
def mean_attention_distance(attention, grid, patch_size):
    raise NotImplementedError()
