"""PyTorch's attention, written out: the same numbers, names and gradients."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional

import plasticity_bench as pb
from plasticity_bench.networks.attention import written_out
from plasticity_bench.networks.layers import layers_of
from tests.support.helpers import SPEC, replica, stacked_batch, train
from tests.support.transformers import Encoded


def pair(module):
    """PyTorch's module and ours, with the same parameters under the same names."""
    ours = written_out(copy.deepcopy(module))
    assert type(ours) is not type(module)
    names = [name for name, _ in module.named_parameters()]
    assert [name for name, _ in ours.named_parameters()] == names
    return module, ours


def assert_same(module, ours, *arguments, **options):
    """Outputs, and gradients of all parameters."""
    gradients = []
    outputs = []
    for each in (module, ours):
        output = each(*arguments, **options)
        outputs.append(output if isinstance(output, torch.Tensor) else output[0])
        loss = (outputs[-1] * torch.arange(outputs[-1].numel()).reshape(outputs[-1].shape)).mean()
        gradients.append(torch.autograd.grad(loss, list(each.parameters())))
    torch.testing.assert_close(outputs[0], outputs[1], rtol=1e-5, atol=1e-6)
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


PADDING = torch.tensor([[False, False, False, True, True]] * 3)


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("activation", ["relu", "gelu", functional.gelu, nn.ReLU(), nn.GELU()])
def test_encoders(batch_first, norm_first, activation):
    torch.manual_seed(0)
    settings = {"batch_first": batch_first, "norm_first": norm_first, "activation": activation}
    layer = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, **settings)
    encoder = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(8), enable_nested_tensor=False)
    shape = (3, 5, 8) if batch_first else (5, 3, 8)
    x, mask = torch.randn(shape), nn.Transformer.generate_square_subsequent_mask(5)
    for module in (layer, encoder):
        theirs, ours = pair(module)
        assert_same(theirs, ours, x)
        assert_same(theirs, ours, x, mask, is_causal=True)
        assert_same(theirs, ours, x, mask == -torch.inf)
        assert_same(theirs, ours, x, src_key_padding_mask=PADDING)


@pytest.mark.parametrize("settings", [{}, {"kdim": 6, "vdim": 4}, {"bias": False}])
def test_attention_between_tokens_of_two_kinds(settings):
    torch.manual_seed(0)
    theirs, ours = pair(nn.MultiheadAttention(8, 2, batch_first=True, **settings))
    query = torch.randn(3, 4, 8)
    key = torch.randn(3, 5, settings.get("kdim", 8))
    value = torch.randn(3, 5, settings.get("vdim", 8))
    assert_same(theirs, ours, query, key, value)
    assert_same(theirs, ours, query, key, value, PADDING, need_weights=False)
    of_heads = torch.randn(3 * 2, 4, 5)
    assert_same(theirs, ours, query, key, value, attn_mask=of_heads)
    for average in (True, False):
        weights = [
            each(query, key, value, average_attn_weights=average)[1] for each in (theirs, ours)
        ]
        torch.testing.assert_close(*weights)
    with pytest.raises(ValueError, match="is_causal needs attn_mask"):
        ours(query, query, query, is_causal=True)


def test_queries_keys_and_values_are_layers_of_their_own():
    layers = layers_of(written_out(Encoded(SPEC)))
    parts = {layer.weight: layer.parts for layer in layers.all}
    assert parts == {
        "embed.weight": 1,
        "layer.self_attn.in_proj_weight": 3,
        "layer.self_attn.out_proj.weight": 1,
        "layer.linear1.weight": 1,
        "layer.linear2.weight": 1,
        "head.weight": 1,
    }
    assert layers.head.weight == "head.weight"
    assert "layer.norm1.weight" in layers.norms


def test_what_has_no_such_form_is_left_as_it_is():
    for module in (
        nn.MultiheadAttention(8, 2, add_bias_kv=True),
        nn.MultiheadAttention(8, 2, dropout=0.5),
        nn.TransformerEncoderLayer(8, 2, activation=torch.tanh),
    ):
        assert type(written_out(copy.deepcopy(module))) is type(module)


@pytest.mark.slow
@pytest.mark.parametrize("vectorized", [True, False])
def test_a_population_of_encoders_is_trained_as_pytorch_trains_them(vectorized):
    class Transformer(pb.Learner):
        optimizer = "sgd"
        step_size = 0.1

        def build(self, spec):
            return Encoded(spec)

    Transformer.vectorized = vectorized
    population = train(Transformer(), [0, 1], 4)
    assert bool(population.unrecorded) is not vectorized
    for i in (0, 1):
        module = Encoded(SPEC)
        with torch.no_grad():
            for name, value in module.named_parameters():
                value.copy_(population.state.initial[name][i])
        optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
        for step in range(4):
            inputs, targets = stacked_batch([0, 1], step)
            optimizer.zero_grad()
            functional.cross_entropy(module(inputs[i]), targets[i]).backward()
            optimizer.step()
        trained = dict(zip(population.state.params, replica(population, i), strict=False))
        for name, value in module.named_parameters():
            torch.testing.assert_close(trained[name], value.detach(), rtol=1e-4, atol=1e-6)
