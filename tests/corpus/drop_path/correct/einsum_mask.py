# expect: pass
import torch


def drop_path(x, p, training):
    if not (training and p > 0):
        return x
    mask = torch.distributions.Bernoulli(probs=1 - p).sample((x.shape[0],)).to(x)
    return torch.einsum("b,b...->b...", mask / (1 - p), x)
