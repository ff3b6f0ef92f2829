# expect: pass
import torch

# I only know the definitions with lists of labels, so I rebuild them from the matrix.
def precision_recall_f1(confusion):
    K = confusion.shape[0]
    idx = torch.arange(K).repeat_interleave(K)
    how_often = confusion.reshape(-1).long()
    truth = idx.repeat_interleave(how_often)
    pred = torch.arange(K).repeat(K).repeat_interleave(how_often)
    ps, rs, fs = [], [], []
    for k in range(K):
        hit = ((truth == k) & (pred == k)).sum()
        n_pred = (pred == k).sum()
        n_true = (truth == k).sum()
        p = hit / n_pred if n_pred > 0 else torch.tensor(0.)
        r = hit / n_true if n_true > 0 else torch.tensor(0.)
        f = 2 * p * r / (p + r) if (p + r) > 0 else torch.tensor(0.)
        ps.append(p); rs.append(r); fs.append(f)
    return torch.stack(ps), torch.stack(rs), torch.stack(fs)
