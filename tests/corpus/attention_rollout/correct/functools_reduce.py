# expect: pass
from functools import reduce

import torch
import torch.nn.functional as F


def attention_rollout(attention):
    maps = attention.mean(2)
    maps = (maps + torch.eye(maps.size(-1)).to(maps)) / 2
    maps = F.normalize(maps, p=1, dim=-1)
    return reduce(lambda below, here: here @ below, maps)
