# expect: fail codes=not_implemented
def drop_path(x, p, training):
    raise NotImplementedError()
