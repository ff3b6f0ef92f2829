# expect: pass
import torch

# one class after the other, slow but I understand it
def precision_recall_f1(confusion):
    K = confusion.shape[0]
    precision = torch.zeros(K)
    recall = torch.zeros(K)
    f1 = torch.zeros(K)
    for k in range(K):
        tp = confusion[k, k].item()
        fp = confusion[:, k].sum().item() - tp
        fn = confusion[k, :].sum().item() - tp
        if tp + fp > 0:
            precision[k] = tp / (tp + fp)
        if tp + fn > 0:
            recall[k] = tp / (tp + fn)
        if precision[k] + recall[k] > 0:
            f1[k] = 2 * precision[k] * recall[k] / (precision[k] + recall[k])
    return precision, recall, f1
