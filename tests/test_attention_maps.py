"""helpers.attention sees the same weights whichever way a student computes attention, and hiding a patch finds what matters."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers import attention

D, HEADS, TOKENS = 16, 2, 1 + 9  # images of 12 x 12, patches of 4 x 4


class Model(nn.Module):
    """One attention layer on patches and a class token; subclasses compute the same attention in other ways."""

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(16, D)
        self.token = nn.Parameter(torch.zeros(1, 1, D))
        self.mix = nn.MultiheadAttention(D, HEADS, batch_first=True)
        self.head = nn.Linear(D, 10)

    def forward(self, x):
        patches = self.project(F.unfold(x, 4, stride=4).transpose(1, 2))  # [B, 9, D]
        tokens = torch.cat([self.token.expand(len(x), -1, -1), patches], dim=1)  # [B, 10, D]
        return self.head((tokens + self.attend(tokens))[:, 0])

    def attend(self, t):
        return self.mix(t, t, t, need_weights=False)[0]

    def heads(self, t):
        q, k, v = F.linear(t, self.mix.in_proj_weight, self.mix.in_proj_bias).chunk(3, dim=-1)
        return [part.unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in (q, k, v)]  # [B, H, T, d]

    def out(self, values):
        return self.mix.out_proj(values.transpose(1, 2).flatten(2))


class SequenceFirst(Model):
    def attend(self, t):
        self.mix.batch_first = False
        t = t.transpose(0, 1)
        return self.mix(t, t, t)[0].transpose(0, 1)


class Fused(Model):
    def attend(self, t):
        return self.out(F.scaled_dot_product_attention(*self.heads(t)))


class FusedWithItsOwnScale(Model):
    def attend(self, t):
        q, k, v = self.heads(t)
        return self.out(F.scaled_dot_product_attention(q * (D / HEADS) ** -0.5, k, v, scale=1.0))


class Written(Model):
    def attend(self, t):
        q, k, v = self.heads(t)
        return self.out((q @ k.transpose(-2, -1) / (D / HEADS) ** 0.5).softmax(dim=-1) @ v)


class WrittenWithModule(Model):
    def attend(self, t):
        q, k, v = self.heads(t)
        return self.out(nn.Softmax(dim=-1)(torch.einsum("bhqd,bhkd->bhqk", q, k) / (D / HEADS) ** 0.5) @ v)


class HeadByHead(Model):
    def attend(self, t):
        q, k, v = (part.flatten(0, 1) for part in self.heads(t))  # [B*H, T, d]
        mixed = torch.softmax(q @ k.transpose(1, 2) / (D / HEADS) ** 0.5, dim=-1) @ v
        return self.out(mixed.unflatten(0, (-1, HEADS)))


class SoftmaxByHand(Model):
    def attend(self, t):
        q, k, v = self.heads(t)
        weights = (q @ k.transpose(-2, -1) / (D / HEADS) ** 0.5).exp()
        return self.out(weights / weights.sum(-1, keepdim=True) @ v)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Model()


@pytest.fixture
def image():
    return torch.randn(1, 12, 12, generator=torch.Generator().manual_seed(1))


def test_weights_are_those_that_pytorch_returns(model, image):
    weights = attention.weights(model, image, TOKENS)
    assert weights.shape == (1, HEADS, TOKENS, TOKENS)
    patches = model.project(F.unfold(image[None], 4, stride=4).transpose(1, 2))
    tokens = torch.cat([model.token, patches], dim=1)
    expected = model.mix(tokens, tokens, tokens, average_attn_weights=False)[1]
    assert torch.allclose(weights[0], expected[0], atol=1e-6)


@pytest.mark.parametrize("design", [SequenceFirst, Fused, FusedWithItsOwnScale, Written, WrittenWithModule, HeadByHead])
def test_every_design_shows_the_same_weights(model, image, design):
    other = design()
    other.load_state_dict(model.state_dict())
    assert torch.allclose(other(image[None]), model(image[None]), atol=1e-5)  # the designs do compute the same
    assert torch.allclose(attention.weights(other, image, TOKENS), attention.weights(model, image, TOKENS), atol=1e-6)


def test_layers_come_in_order(image):
    torch.manual_seed(0)
    model = Model()
    model.stack = nn.Sequential(*[nn.TransformerEncoderLayer(D, HEADS, 32, 0.1, "gelu", batch_first=True, norm_first=True) for _ in range(2)])
    model.attend = model.stack.forward
    weights = attention.weights(model.train(), image, TOKENS)
    assert weights.shape == (2, HEADS, TOKENS, TOKENS)
    assert torch.allclose(weights.sum(-1), torch.ones(2, HEADS, TOKENS), atol=1e-5)  # no dropout: looking is done in eval mode
    model.stack[1].self_attn.in_proj_weight.data.zero_()  # then the second layer looks at all tokens alike
    model.stack[1].self_attn.in_proj_bias.data.zero_()
    first, second = attention.weights(model, image, TOKENS)
    assert torch.equal(first, weights[0])
    assert torch.allclose(second, torch.full_like(second, 1 / TOKENS))
    assert model.training


def test_unseen_attention_is_none_not_a_guess(model, image):
    hidden = SoftmaxByHand()
    hidden.load_state_dict(model.state_dict())
    assert attention.weights(hidden, image, TOKENS) is None


def test_a_softmax_over_other_things_is_not_taken_for_attention(model, image):
    class WithProbabilities(Model):
        def forward(self, x):
            return super().forward(x).softmax(dim=-1)

    other = WithProbabilities()
    other.load_state_dict(model.state_dict())
    assert torch.equal(attention.weights(other, image, TOKENS), attention.weights(model, image, TOKENS))


def test_occlusion_finds_the_patch_that_decides():
    class Reads(nn.Module):
        """Logit 1 is the sum of the pixels in the second row, third column of the grid."""

        def forward(self, x):
            score = x[:, :, 4:8, 8:12].sum(dim=(1, 2, 3))
            return torch.stack([torch.zeros_like(score), score], dim=1)

    model = Reads().train()
    image = torch.zeros(1, 12, 16)
    image[:, 4:8, 8:12] = 0.5
    effect = attention.occlusion(model, image, label=1, patch_size=4)
    assert effect.shape == (3, 4)
    expected = F.logsigmoid(torch.tensor(8.0)) - F.logsigmoid(torch.tensor(0.0))
    assert effect[1, 2] == pytest.approx(expected.item(), abs=1e-5)
    effect[1, 2] = 0
    assert effect.abs().max() < 1e-6
    assert model.training
