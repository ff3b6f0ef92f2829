# expect: fail codes=not_implemented
def attention_rollout(attention):
    raise NotImplementedError()
