# expect: fail codes=hardcoded_classes
import torch

def precision_recall_f1(confusion):
    precision, recall, f1 = torch.zeros(10), torch.zeros(10), torch.zeros(10)
    for digit in range(10):
        tp = confusion[digit, digit].item()
        col = confusion[:, digit].sum().item()
        row = confusion[digit].sum().item()
        precision[digit] = tp / col if col else 0
        recall[digit] = tp / row if row else 0
        s = precision[digit] + recall[digit]
        f1[digit] = 2 * precision[digit] * recall[digit] / s if s > 0 else 0
    return precision, recall, f1
