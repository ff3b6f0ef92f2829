# expect: pass
import torch

def precision_recall_f1(confusion):
    table = confusion.tolist()
    n = len(table)
    P, R, F = [], [], []
    for c in range(n):
        correct = table[c][c]
        said = sum(table[r][c] for r in range(n))
        is_ = sum(table[c])
        p = correct / said if said else 0.0
        r = correct / is_ if is_ else 0.0
        P.append(p)
        R.append(r)
        F.append(2 * p * r / (p + r) if p + r else 0.0)
    return torch.tensor(P), torch.tensor(R), torch.tensor(F)
