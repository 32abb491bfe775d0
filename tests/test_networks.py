"""Networks have the layers and shapes that their specification says."""

import pytest
import torch
from torch import nn

import plasticity_bench as pb
from plasticity_bench.networks import ACTIVATIONS, initial_parameters
from tests.helpers import member, same, train

CNN = pb.NetworkSpec(
    name="cnn", channels=(4, 6), kernel_size=3, hidden=(8,), input_shape=(8, 8), num_outputs=5
)


def kinds(spec):
    return [type(layer).__name__ for layer in pb.build_network(spec)]


def test_a_cnn_convolves_activates_and_pools():
    block = ["Conv2d", "ReLU", "MaxPool2d"]
    assert kinds(CNN) == ["Unflatten", *block, *block, "Flatten", "Linear", "ReLU", "Linear"]
    network = pb.build_network(CNN)
    assert network.linear0.in_features == 6 * 2 * 2
    assert network(torch.randn(3, 8, 8)).shape == (3, 5)


def test_a_cnn_of_colour_images_with_norms():
    spec = pb.NetworkSpec(
        name="cnn",
        channels=(4,),
        hidden=(8,),
        norm="layer",
        activation="tanh",
        input_shape=(3, 10, 12),
        num_outputs=2,
    )
    expected = [
        "Conv2d",
        "GroupNorm",
        "Tanh",
        "MaxPool2d",
        "Flatten",
        "Linear",
        "LayerNorm",
        "Tanh",
        "Linear",
    ]
    assert kinds(spec) == expected
    assert pb.build_network(spec)(torch.randn(3, 3, 10, 12)).shape == (3, 2)


def test_the_norm_of_a_convolution_is_over_channels_and_places():
    x = torch.randn(2, 4, 5, 5) * 3 + 1
    normalized = nn.GroupNorm(1, 4)(x)
    torch.testing.assert_close(normalized, nn.functional.layer_norm(x, (4, 5, 5)))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation):
    spec = pb.NetworkSpec(hidden=(3,), activation=activation, input_shape=(2,), num_outputs=2)
    assert isinstance(pb.build_network(spec).activation0, nn.Module)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "mlp"}, "an mlp has none"),
        ({"channels": ()}, "A cnn has channels"),
        ({"kernel_size": 4}, "odd, not 4"),
        ({"input_shape": (64,)}, r"shape \(64,\)"),
        ({"channels": (2, 2, 2, 2)}, "8 x 8 cannot be halved 4 times"),
    ],
)
def test_impossible_networks_are_refused(changes, message):
    with pytest.raises(pb.BadInputError, match=message):
        pb.NetworkSpec(**{**vars(CNN), **changes})


def test_members_with_convolutions_are_independent():
    from plasticity_bench.lookup import find_learner

    learner = find_learner("adam")()
    together = train(learner, [0, 1, 2], 5, spec=CNN)
    for index in range(3):
        alone = train(learner, [index], 5, spec=CNN)
        for one, other in zip(member(together, index), member(alone, 0), strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-5)
    again = train(learner, [0, 1, 2], 5, spec=CNN)
    assert same(member(together, 1), member(again, 1))


def test_initial_parameters_are_a_function_of_the_seed():
    def make():
        return pb.build_network(CNN)

    state = torch.random.get_rng_state()
    one, again, other = (initial_parameters(make, seed) for seed in (3, 3, 4))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert same(one.values(), again.values())
    assert not torch.equal(one["conv0.weight"], other["conv0.weight"])
