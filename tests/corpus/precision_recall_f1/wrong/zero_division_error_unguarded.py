# expect: fail codes=zero_denominator
import torch

def precision_recall_f1(confusion):
    K = len(confusion)
    P, R, F = [], [], []
    for k in range(K):
        tp = confusion[k, k].item()
        p = tp / confusion[:, k].sum().item()
        r = tp / confusion[k, :].sum().item()
        P.append(p)
        R.append(r)
        F.append(2 * p * r / (p + r))
    return torch.tensor(P), torch.tensor(R), torch.tensor(F)
