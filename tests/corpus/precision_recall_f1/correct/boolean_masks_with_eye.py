# expect: pass
import torch


def precision_recall_f1(confusion):
    """Works with TP / FP / FN from masks of the matrix."""
    k = len(confusion)
    eye = torch.eye(k, dtype=torch.bool, device=confusion.device)
    tp = (confusion * eye).sum(0).double()
    fp = (confusion * ~eye).sum(0).double()
    fn = (confusion * ~eye).sum(1).double()
    precision = tp / (tp + fp)
    recall = tp / (tp + fn)
    f1 = tp / (tp + 0.5 * (fp + fn))
    precision[torch.isnan(precision)] = 0
    recall[torch.isnan(recall)] = 0
    f1[torch.isnan(f1)] = 0
    return precision, recall, f1
