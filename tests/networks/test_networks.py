"""Networks have the layers and shapes that their specification says; wrong ones are refused."""

import math
import re
from dataclasses import MISSING, fields, replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
import yaml
from torch import nn
from torch.nn import functional

import plasticity_bench as pb
from plasticity_bench.networks import ACTIVATIONS, FAMILIES, INITS, NORMS, initial_parameters
from plasticity_bench.networks.activations import CReLU, Fourier
from plasticity_bench.networks.build import BUILDERS
from plasticity_bench.networks.initialisation import GAINS
from plasticity_bench.networks.norms import num_groups
from plasticity_bench.networks.vit import Attention, Block, Patches
from plasticity_bench.suite.suite_file import NetworkEntry
from tests.support.helpers import same

CNN = pb.NetworkSpec(
    name="cnn", channels=(4, 6), kernel_size=3, hidden=(8,), input_shape=(8, 8), num_outputs=5
)


RESNET = pb.NetworkSpec(name="resnet18", width=4, input_shape=(3, 8, 8), num_outputs=5)
VIT = pb.NetworkSpec(
    name="vit", patch_size=4, dim=6, depth=2, heads=2, input_shape=(2, 8, 8), num_outputs=5
)
MLP = pb.NetworkSpec(hidden=(3,), input_shape=(2,), num_outputs=2)


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


def refusal(of, **changes):
    given = {key: value for key, value in vars(of).items() if value is not None}
    return lambda: pb.NetworkSpec(**{**given, **changes})


REFUSED = {
    "an unknown family": (refusal(MLP, name="mpl"), r"Unknown network 'mpl'. Did you mean 'mlp'\?"),
    "an unknown activation": (refusal(MLP, activation="rellu"), "Did you mean 'relu'"),
    "an unknown norm": (refusal(MLP, norm="batch"), "Unknown norm 'batch'"),
    "an unknown initialisation": (refusal(MLP, init="xavier"), "Did you mean 'xavier_normal'"),
    "channels of an mlp": (
        refusal(MLP, channels=(4,)),
        "The network 'mlp' has no 'channels': remove it. It has hidden, activation, norm, init.",
    ),
    "patches of a cnn": (refusal(CNN, patch_size=4), "The network 'cnn' has no 'patch_size'"),
    "hidden layers of a resnet": (
        refusal(RESNET, hidden=(4,)),
        "The network 'resnet18' has no 'hidden'",
    ),
    "kernels of a vit": (refusal(VIT, kernel_size=5), "The network 'vit' has no 'kernel_size'"),
    "no widths": (
        lambda: pb.NetworkSpec(input_shape=(2,), num_outputs=2),
        r"needs 'hidden': the widths of its hidden layers, \[\] for none",
    ),
    "no patches": (
        lambda: pb.NetworkSpec(
            name="vit", dim=4, depth=1, heads=1, input_shape=(8, 8), num_outputs=2
        ),
        "The network 'vit' needs 'patch_size': the side",
    ),
    "no channels": (refusal(CNN, channels=()), "at least one number: without any it is an mlp"),
    "no units": (refusal(MLP, hidden=(4, 0)), "hidden must be at least 1, not 0"),
    "a number for widths": (
        refusal(MLP, hidden=8),
        "hidden must be a list of whole numbers, not 8",
    ),
    "a fraction": (refusal(MLP, hidden=(8.0,)), "hidden must have whole numbers, not 8.0"),
    "a boolean": (refusal(MLP, hidden=(True,)), "hidden must have whole numbers, not True"),
    "a text": (refusal(VIT, depth="2"), "depth must have whole numbers, not '2'"),
    "no depth": (refusal(VIT, depth=0), "depth must be at least 1, not 0"),
    "an even kernel": (refusal(CNN, kernel_size=4), "odd, not 4, unless padding is 'valid'"),
    "too few kernels": (refusal(CNN, kernel_size=(3,)), "1 numbers for 2 convolutions"),
    "an unknown padding": (refusal(CNN, padding="full"), "'same' or 'valid', not 'full'"),
    "vectors for a cnn": (refusal(CNN, input_shape=(64,)), r"shape \(64,\): use an mlp"),
    "vectors for a resnet": (refusal(RESNET, input_shape=(64,)), "A resnet18 needs inputs of"),
    "vectors for a vit": (refusal(VIT, input_shape=(64,)), "A vit needs inputs of"),
    "too many poolings": (
        refusal(CNN, channels=(2, 2, 2, 2)),
        "8 x 8 are too small for convolution 4 of 4",
    ),
    "too much is cut off": (
        refusal(CNN, padding="valid", kernel_size=5),
        "8 x 8 are too small for convolution 2 of 2",
    ),
    "patches that do not fit": (
        refusal(VIT, patch_size=3),
        "8 x 8 cannot be cut into patches of 3",
    ),
    "heads that do not fit": (refusal(VIT, heads=4), "but 6 is not one of 4"),
    "groups in a vit": (refusal(VIT, norm="group"), "its norm is 'layer' or 'none'"),
    "concatenation in a resnet": (refusal(RESNET, activation="crelu"), "'crelu', which doubles"),
}


@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_impossible_networks_are_refused(make, message):
    with pytest.raises(pb.BadInputError, match=message) as caught:
        make()
    assert caught.value.key == "network"  # a suite's file tells its line


def test_every_key_belongs_to_a_family_and_no_key_has_a_default_of_its_own():
    own = {f.name: f.default for f in fields(pb.NetworkSpec) if f.default is not MISSING}
    del own["name"], own["settings"], own["built"]  # of users' networks
    assert set(own) == {key for family in FAMILIES.values() for key in family.keys}
    assert set(own.values()) == {None}


def test_every_family_has_a_builder():
    assert set(BUILDERS) == set(FAMILIES)


def test_what_is_not_given_takes_the_familys_default():
    assert (CNN.kernel_size, CNN.padding, CNN.activation, CNN.norm) == (3, "same", "relu", "none")
    assert (RESNET.norm, VIT.norm, VIT.activation, VIT.mlp_ratio) == ("group", "layer", "gelu", 4)
    assert (MLP.channels, VIT.hidden, RESNET.kernel_size) == (None, None, None)
    assert replace(RESNET, norm="layer").width == 4
    assert replace(CNN, kernel_size=[3, 5]) == replace(CNN, kernel_size=(3, 5))
    assert [s.convolves for s in (MLP, CNN, RESNET, VIT)] == [False, True, True, False]


@pytest.mark.parametrize("spec", [MLP, CNN, RESNET, VIT], ids=lambda spec: spec.name)
@pytest.mark.parametrize("norm", NORMS)
def test_examples_do_not_touch_each_other_and_training_is_evaluation(spec, norm):
    if (spec.name, norm) == ("vit", "group"):
        return
    network = pb.build_network(replace(spec, norm=norm)).double()
    x = torch.randn(4, *spec.input_shape, dtype=torch.double)
    together = network(x)
    torch.testing.assert_close(together[:1], network(x[:1]))
    assert torch.equal(network.eval()(x), together)
    assert together.shape == (4, spec.num_outputs)
    assert not list(network.buffers())
    assert any("norm" in name for name, _ in network.named_parameters()) == (norm != "none")


# ---- Published networks ---------------------------------------------------------------------------


def num_parameters(spec):
    return sum(parameter.numel() for parameter in pb.build_network(spec).parameters())


def kumar(num_outputs):
    return pb.NetworkSpec(
        name="cnn",
        channels=(16, 16),
        kernel_size=5,
        padding="valid",
        hidden=(100, 100),
        input_shape=(3, 32, 32),
        num_outputs=num_outputs,
    )


DOHARE = pb.NetworkSpec(
    name="cnn",
    channels=(32, 64, 128),
    kernel_size=(5, 3, 3),
    padding="valid",
    hidden=(128, 128),
    input_shape=(3, 32, 32),
    num_outputs=2,
)


def layer(inputs, outputs):
    """Weights and biases."""
    return (inputs + 1) * outputs


def test_the_networks_of_kumar_et_al():
    """Their code says Linear(400, ...): 16 channels of 5 x 5, from 32 - 4, 28 / 2, 14 - 4, 10 / 2."""
    assert pb.build_network(kumar(10)).linear0.in_features == 400
    body = layer(3 * 25, 16) + layer(16 * 25, 16) + layer(400, 100) + layer(100, 100)
    for num_outputs, expected in ((2, 58_034), (10, 58_842), (100, 67_932)):
        assert num_parameters(kumar(num_outputs)) == body + layer(100, num_outputs) == expected
    mlp = pb.NetworkSpec(hidden=(100, 100), input_shape=(28, 28), num_outputs=10)
    assert num_parameters(mlp) == layer(784, 100) + layer(100, 100) + layer(100, 10) == 89_610


def test_the_network_of_dohare_et_al():
    """Their code says 128 * 2 * 2 outputs of the convolutions: 32, 28, 14, 12, 6, 4, 2."""
    assert pb.build_network(DOHARE).linear0.in_features == 512
    convolutions = layer(3 * 25, 32) + layer(32 * 9, 64) + layer(64 * 9, 128)
    expected = convolutions + layer(512, 128) + layer(128, 128) + layer(128, 2)
    assert num_parameters(DOHARE) == expected == 177_218


WRITTEN = re.findall(
    r"^network: (\{.*\}) +# ([\d x]+), (\d+) outputs: ([\d,]+) parameters$",
    Path("docs/networks.md").read_text(),
    re.MULTILINE,
)


def test_the_networks_of_the_documentation_are_all_read():
    families = re.findall(r"network: \{(?!name: \"my_nets)", Path("docs/networks.md").read_text())
    assert len(WRITTEN) == len(families) == 12


@pytest.mark.parametrize("written", WRITTEN, ids=lambda written: written[0])
def test_the_networks_of_the_documentation(written):
    given, shape, num_outputs, expected = written
    entry = NetworkEntry(**yaml.safe_load(given)).model_dump(exclude_unset=True)
    shape = tuple(int(size) for size in shape.split(" x "))
    spec = pb.NetworkSpec(**entry, input_shape=shape, num_outputs=int(num_outputs))
    assert f"{num_parameters(spec):,}" == expected


def test_concatenating_halves_of_kumars_network():
    """CReLU doubles what each next layer sees: 73 % of the units keep the number of parameters."""
    spec = replace(kumar(10), channels=(11, 11), hidden=(73, 73), activation="crelu")
    body = layer(3 * 25, 11) + layer(22 * 25, 11) + layer(550, 73) + layer(146, 73)
    assert num_parameters(spec) == body + layer(146, 10) == 59_321


def test_resnet18_has_as_many_parameters_as_dohares():
    """Theirs has batch norm, with as many gains and biases; 100 classes."""

    def block(inputs, outputs):
        shortcut = layer(inputs, outputs) + 2 * outputs if inputs != outputs else 0
        return layer(9 * inputs, outputs) + layer(9 * outputs, outputs) + 4 * outputs + shortcut

    spec = pb.NetworkSpec(name="resnet18", input_shape=(3, 32, 32), num_outputs=100)
    widths = [64, 64, 64, 128, 128, 256, 256, 512, 512]
    body = sum(block(*pair) for pair in pairwise(widths))
    expected = layer(27, 64) + 2 * 64 + body + layer(512, 100)
    assert num_parameters(spec) == expected == 11_224_932
    # The same from ImageNet's 11,689,512: another head and stem, and biases of 20 convolutions.
    biases = 64 * 5 + (128 + 256 + 512) * 5
    assert 11_689_512 - layer(512, 1000) + layer(512, 100) - 64 * 3 * (49 - 9) + biases == expected


def test_resnet18_is_what_it_is_written_out():
    network, x = pb.build_network(RESNET), torch.randn(2, 3, 8, 8)
    parameters = iter(network.parameters())

    def convolution(x, stride=1):
        weight, bias, gain, shift = (next(parameters) for _ in range(4))
        x = functional.conv2d(x, weight, bias, stride, padding=weight.shape[-1] // 2)
        return functional.group_norm(x, num_groups(len(bias)), gain, shift)

    hidden = convolution(x).relu()
    for channels, stride in ((4, 1), (4, 1), (8, 2), (8, 1), (16, 2), (16, 1), (32, 2), (32, 1)):
        residual = convolution(convolution(hidden, stride).relu())
        hidden = (residual + (convolution(hidden, stride) if stride == 2 else hidden)).relu()
        assert hidden.shape[1] == channels
    assert hidden.shape[2:] == (1, 1)
    expected = functional.linear(hidden.mean((2, 3)), *parameters)
    torch.testing.assert_close(network(x), expected)


# ---- The transformer ------------------------------------------------------------------------------


def test_patches_are_squares_row_by_row():
    image = torch.arange(2 * 4 * 6).reshape(1, 2, 4, 6)
    patches = Patches(2)(image)
    assert patches.shape == (1, 6, 8)
    for index in range(6):
        row, column = 2 * (index // 3), 2 * (index % 3)
        expected = image[0, :, row : row + 2, column : column + 2].flatten()
        assert torch.equal(patches[0, index], expected)


def test_attention_is_pytorchs():
    ours, theirs = Attention(6, 3), nn.MultiheadAttention(6, 3, batch_first=True)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(ours.queries_keys_values.weight)
        theirs.in_proj_bias.copy_(ours.queries_keys_values.bias)
        theirs.out_proj.weight.copy_(ours.mix.weight)
        theirs.out_proj.bias.copy_(ours.mix.bias)
    x = torch.randn(2, 5, 6)
    torch.testing.assert_close(ours(x), theirs(x, x, x)[0])


def test_a_block_normalises_first_and_adds():
    block, x = Block(VIT), torch.randn(2, 5, 6)
    middle = x + block.attention(functional.layer_norm(x, (6,)))
    hidden = functional.gelu(block.widen(functional.layer_norm(middle, (6,))))
    torch.testing.assert_close(block(x), middle + block.narrow(hidden))
    assert block.widen.out_features == 24


def test_a_vit_reads_the_mean_over_patches():
    network, x = pb.build_network(VIT), torch.randn(3, 2, 8, 8)
    tokens = network[:-2](x)
    assert tokens.shape == (3, 4, 6)
    torch.testing.assert_close(network(x), network.head(tokens.mean(1)))
    embedding = layer(2 * 16, 6) + 4 * 6
    block = layer(6, 18) + layer(6, 6) + layer(6, 24) + layer(24, 6) + 4 * 6
    assert num_parameters(VIT) == embedding + 2 * block + 2 * 6 + layer(6, 5)


def test_without_positions_the_order_of_patches_would_not_matter():
    network, x = pb.build_network(VIT), torch.randn(3, 2, 8, 8)
    turned = x.roll(4, -1)  # the same patches in another order
    assert not torch.allclose(network(x), network(turned), atol=1e-4)
    with torch.no_grad():
        network.positions.weight.zero_()
    torch.testing.assert_close(network(x), network(turned))


# ---- Activations ----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2, 3), (2, 5, 3), (2, 3, 4, 4)])
def test_concatenations_are_along_the_features(shape):
    x, axis = torch.randn(shape), shape.index(3)
    positive, negative = CReLU()(x).chunk(2, axis)
    torch.testing.assert_close(positive - negative, x)
    assert (positive * negative == 0).all() and (positive >= 0).all() and (negative >= 0).all()
    sine, cosine = Fourier()(x).chunk(2, axis)
    torch.testing.assert_close(torch.atan2(sine, cosine), torch.atan2(x.sin(), x.cos()))


@pytest.mark.parametrize("activation", ["crelu", "fourier"])
@pytest.mark.parametrize("spec", [replace(MLP, hidden=(3, 4)), CNN, VIT], ids=lambda s: s.name)
def test_widths_count_linear_units(spec, activation):
    plain, doubled = (pb.build_network(replace(spec, activation=a)) for a in ("relu", activation))
    widths = [
        [part.weight.shape[:2] for part in network.modules() if hasattr(part, "bias")]
        for network in (plain, doubled)
    ]
    for one, other in zip(*widths, strict=True):
        assert one[0] == other[0]
        assert other[1:] in (one[1:], torch.Size(2 * n for n in one[1:]))
    assert doubled(torch.randn(2, *spec.input_shape)).shape == (2, spec.num_outputs)


def test_a_linear_network_needs_no_hidden_layers():
    spec = pb.NetworkSpec(hidden=(), input_shape=(3, 3), num_outputs=4)
    assert kinds(spec) == ["Flatten", "Linear"]
    convolutional = replace(CNN, hidden=())
    assert pb.build_network(convolutional).head.in_features == 6 * 2 * 2


def test_groups_are_of_sixteen_units_or_more_and_at_most_thirty_two():
    for width in range(1, 700):
        groups = num_groups(width)
        assert width % groups == 0 and groups <= 32
        assert groups == 1 or width // groups >= 16
        larger = [g for g in range(groups + 1, 33) if width % g == 0 and width // g >= 16]
        assert not larger
    network = pb.build_network(replace(MLP, hidden=(64,), norm="group"))
    assert network.norm0.num_groups == 4


# ---- Initialisations ------------------------------------------------------------------------------


def drawn(function, *arguments, **options):
    torch.manual_seed(0)
    weight = torch.empty(20, 4, 3, 3)
    function(weight, *arguments, **options)
    return weight


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "tanh"])
def test_named_initialisations_are_pytorchs(activation):
    gain = GAINS[activation]
    assert gain == pytest.approx(nn.init.calculate_gain(activation, 0.01))
    slope = {"a": 0.01} if activation == "leaky_relu" else {}
    for name in ("kaiming_uniform", "kaiming_normal"):
        pytorchs = getattr(nn.init, f"{name}_")
        expected = drawn(pytorchs, nonlinearity=activation, **slope)
        torch.testing.assert_close(drawn(INITS[name], gain), expected)
    for name in ("xavier_uniform", "xavier_normal", "orthogonal"):
        assert torch.equal(drawn(INITS[name], gain), drawn(getattr(nn.init, f"{name}_"), gain))
    expected = drawn(nn.init.normal_, std=1 / 6)
    torch.testing.assert_close(drawn(INITS["lecun_normal"], gain), expected)


def test_orthogonal_rows_have_the_length_of_the_gain():
    weight = drawn(INITS["orthogonal"], math.sqrt(2)).flatten(1)
    torch.testing.assert_close(weight @ weight.T, 2 * torch.eye(20), atol=1e-5, rtol=0)


@pytest.mark.parametrize("init", [name for name in INITS if name != "pytorch"])
@pytest.mark.parametrize("spec", [MLP, CNN, RESNET, VIT], ids=lambda spec: spec.name)
def test_biases_are_zero_and_every_weight_is_drawn_anew(spec, init):
    def made(init):
        return initial_parameters(lambda: pb.build_network(replace(spec, init=init)), 0)

    params, default = made(init), made("pytorch")
    for name, value in params.items():
        if name.endswith("bias"):
            assert (value == 0).all()
        elif "norm" in name or "position" in name:
            assert torch.equal(value, default[name])
        else:
            assert not torch.equal(value, default[name])


@torch.no_grad()
def test_layers_that_no_activation_follows_have_a_gain_of_one():
    torch.manual_seed(0)
    mlp = pb.build_network(
        replace(MLP, hidden=(400, 400), input_shape=(400,), num_outputs=400, init="kaiming_normal")
    )
    assert mlp.linear1.weight.std() * 20 == pytest.approx(math.sqrt(2), rel=0.02)
    assert mlp.head.weight.std() * 20 == pytest.approx(1, rel=0.02)
    vit = pb.build_network(replace(VIT, dim=100, depth=1, init="kaiming_normal"))
    block = vit.block0
    assert block.widen.weight.std() * 10 == pytest.approx(math.sqrt(2), rel=0.02)
    for plain in (block.attention.queries_keys_values, block.attention.mix):
        assert plain.weight.std() * 10 == pytest.approx(1, rel=0.02)
    assert block.narrow.weight.std() * 20 == pytest.approx(1, rel=0.02)


@pytest.mark.parametrize("activation", ["relu", "crelu", "fourier", "identity"])
@torch.no_grad()
def test_kaimings_variance_neither_grows_nor_shrinks_with_depth(activation):
    """What the gain is for; for features that concatenate it is our derivation."""
    torch.manual_seed(0)
    spec = pb.NetworkSpec(
        hidden=(600,) * 8,
        activation=activation,
        init="kaiming_normal",
        input_shape=(600,),
        num_outputs=2,
    )
    network, x = pb.build_network(spec), torch.randn(200, 600) / GAINS[activation]
    squares = []
    for part in network[:-1]:
        x = part(x)
        if isinstance(part, nn.Linear):
            squares.append(float(x.square().mean()))
    assert squares[0] == pytest.approx(1, rel=0.1)
    assert squares[-1] == pytest.approx(1, rel=0.3)


def test_the_default_is_what_constructors_do():
    torch.manual_seed(0)
    network = pb.build_network(MLP)
    torch.manual_seed(0)
    linear, head = nn.Linear(2, 3), nn.Linear(3, 2)
    assert same(network.parameters(), [*linear.parameters(), *head.parameters()])


def test_initial_parameters_are_a_function_of_the_seed():
    def make():
        return pb.build_network(CNN)

    state = torch.random.get_rng_state()
    one, again, other = (initial_parameters(make, seed) for seed in (3, 3, 4))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert same(one.values(), again.values())
    assert not torch.equal(one["conv0.weight"], other["conv0.weight"])
