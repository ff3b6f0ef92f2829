# expect: fail codes=not_implemented
def mean_attention_distance(attention, grid, patch_size):
    """Mean distance in pixels between query and key, [L, H]."""
    ...
