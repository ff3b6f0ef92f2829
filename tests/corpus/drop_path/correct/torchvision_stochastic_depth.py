# expect: pass
from torchvision.ops import stochastic_depth


def drop_path(x, p, training):
    return stochastic_depth(x, p, mode="row", training=training)
