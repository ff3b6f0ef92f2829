"""What a trained Vision Transformer looks at: its attention weights, and what hiding a patch does to its answer."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode


class Recorder(TorchFunctionMode):
    """Notes the attention weights of every attention call inside a `with` block, whatever the module is called.

    `layers` gets one tensor [B, H, T, T] a call. It sees nn.MultiheadAttention, F.scaled_dot_product_attention and
    a softmax over the last axis of [..., T, T]; weights made in another way (a softmax written out) stay unseen.
    """

    def __init__(self, tokens: int) -> None:
        super().__init__()
        self.tokens = tokens
        self.layers: list[Tensor] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func is F.multi_head_attention_forward:
            out, weights = func(*args, **{**kwargs, "need_weights": True, "average_attn_weights": False})
            self._note(weights)
            return out, weights
        out = func(*args, **kwargs)
        if func is F.scaled_dot_product_attention:
            self._note(_sdpa_weights(*args, **kwargs))
        elif getattr(func, "__name__", "") == "softmax" and isinstance(out, Tensor):
            self._note(out)
        return out

    def _note(self, weights: Tensor) -> None:
        sums_to_one = weights.shape[-2:] == (self.tokens, self.tokens) and (weights.sum(-1) - 1).abs().max() < 1e-3
        if sums_to_one and weights.ndim >= 3:
            self.layers.append(weights.detach().float().cpu())


def _sdpa_weights(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, **_):
    """The weights that F.scaled_dot_product_attention mixes the values with; no mask, as in a ViT."""
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    return (scale * query @ key.transpose(-2, -1)).softmax(dim=-1)


@torch.no_grad()
def weights(model: nn.Module, image: Tensor, tokens: int) -> Tensor | None:
    """Attention weights of one image in every layer and head.

    image: float [C, H, W], normalised as in training; tokens: T, the class token included.
    Returns [L, H, T, T] (each row sums to 1), or None where the model computes attention in a way that cannot be seen.
    The model's mode is restored.
    """
    was_training = model.training
    model.eval()
    try:
        with Recorder(tokens) as recorder:
            model(image[None])
    finally:
        model.train(was_training)
    layers = [layer.reshape(-1, tokens, tokens) for layer in recorder.layers]  # one image: all leading axes are heads
    if not layers or any(layer.shape != layers[0].shape for layer in layers):
        return None
    return torch.stack(layers)


@torch.no_grad()
def occlusion(model: nn.Module, image: Tensor, label: int, patch_size: int, fill: float | None = None) -> Tensor:
    """How much hiding each patch lowers the log-probability of `label`: works for every model.

    image: float [C, H, W]; fill: the value painted over the patch (default: the image's smallest, the background).
    Returns [H/p, W/p] in nats: positive where the patch speaks for the label. The model's mode is restored.
    Source: Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 4.2.
    """
    p, (_, height, width) = patch_size, image.shape
    rows, columns = height // p, width // p
    hidden = image.repeat(rows * columns, 1, 1, 1)  # [N, C, H, W]
    for index in range(rows * columns):
        top, left = index // columns * p, index % columns * p
        hidden[index, :, top : top + p, left : left + p] = image.min() if fill is None else fill
    was_training = model.training
    model.eval()
    try:
        scores = model(torch.cat([image[None], hidden])).log_softmax(dim=-1)[:, label]  # [1 + N]
    finally:
        model.train(was_training)
    return (scores[0] - scores[1:]).reshape(rows, columns).float().cpu()
