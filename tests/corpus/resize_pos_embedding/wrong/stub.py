# expect: fail codes=not_implemented
def resize_pos_embedding(pos, old_grid, new_grid):
    raise NotImplementedError()
