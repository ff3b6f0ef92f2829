# expect: pass
import torch

def precision_recall_f1(confusion):
    def div(a, b):
        try:
            return a / b
        except ZeroDivisionError:
            return 0.0

    num_classes = confusion.size(0)
    result = torch.zeros(3, num_classes, dtype=torch.float64)
    for i in range(num_classes):
        tp = int(confusion[i][i])
        p = div(tp, int(confusion[:, i].sum()))
        r = div(tp, int(confusion[i, :].sum()))
        result[0, i], result[1, i], result[2, i] = p, r, div(2 * p * r, p + r)
    return result[0], result[1], result[2]
