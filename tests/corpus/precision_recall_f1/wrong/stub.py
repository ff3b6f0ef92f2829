# expect: fail codes=not_implemented
def precision_recall_f1(confusion):
    """Precision, recall and F1 of every class."""
    raise NotImplementedError()
