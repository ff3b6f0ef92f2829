# expect: pass
import torch


def precision_recall_f1(confusion):
    M = confusion.to(torch.float64)
    tp = torch.einsum('ii->i', M)
    rows = torch.einsum('ij->i', M)      # how many there are
    cols = torch.einsum('ij->j', M)      # how many I said there are
    inv = lambda t: torch.where(t == 0, torch.zeros_like(t), 1.0 / t)
    P = tp * inv(cols)
    R = tp * inv(rows)
    F1 = 2 * tp * inv(rows + cols)
    return P, R, F1
