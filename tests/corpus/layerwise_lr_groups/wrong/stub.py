# expect: fail codes=not_implemented
def layerwise_lr_groups(model, lr, decay):
    """Parameter groups for AdamW."""
    raise NotImplementedError()
