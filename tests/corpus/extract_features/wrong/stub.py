# expect: fail codes=not_implemented
def extract_features(backbone, loader):
    raise NotImplementedError()
