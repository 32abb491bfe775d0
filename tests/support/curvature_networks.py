"""Small networks of every kind, and slow and obvious twins of the curvature estimators."""

import math

import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional

from plasticity_bench.networks import NetworkSpec, build_network, initial_parameters

CLASSES = 4


class Residual(nn.Module):
    """A convolutional network with a skip, group norm, a stride, and in-place activations."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1, bias=False)
        self.norm = nn.GroupNorm(2, 4)
        self.conv = nn.Conv2d(4, 4, 3, stride=2, padding=1, dilation=1)
        self.skip = nn.Conv2d(4, 4, 1, stride=2)
        self.head = nn.Linear(4, CLASSES)

    def forward(self, x):
        x = functional.relu_(self.norm(self.stem(x[:, None])))
        x = functional.relu_(self.conv(x) + self.skip(x))
        return self.head(x.mean((2, 3)))


class Attention(nn.Module):
    """One transformer block over rows as tokens, with an embedding of positions and a class token."""

    def __init__(self):
        super().__init__()
        self.embed, self.position = nn.Linear(3, 6), nn.Parameter(torch.zeros(4, 6))
        self.token = nn.Parameter(torch.zeros(1, 6))
        self.norm, self.qkv, self.out = nn.LayerNorm(6), nn.Linear(6, 18), nn.Linear(6, 6)
        self.head = nn.Linear(6, CLASSES)

    def forward(self, x):
        x = torch.cat([self.token.expand(len(x), 1, 6), self.embed(x)], 1) + self.position
        q, k, v = self.qkv(self.norm(x)).chunk(3, -1)
        q, k, v = (t.unflatten(-1, (2, 3)).transpose(1, 2) for t in (q, k, v))
        mixed = functional.scaled_dot_product_attention(q, k, v)
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return self.head(x[:, 0])


class LibraryAttention(nn.Module):
    """PyTorch's own encoder layer, whose attention keeps a parameter of its own."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(3, 4)
        self.layer = nn.TransformerEncoderLayer(4, 2, 6, dropout=0.1, batch_first=True)
        self.head = nn.Linear(4, CLASSES)

    def forward(self, x):
        return self.head(self.layer(self.embed(x)).mean(1))


def mlp(activation="relu", norm="none", hidden=(7, 6)):
    spec = NetworkSpec(
        hidden=hidden, activation=activation, norm=norm, input_shape=(3, 3), num_outputs=CLASSES
    )
    return build_network(spec)


def softmax_regression():
    return nn.Sequential(nn.Flatten(), nn.Linear(9, CLASSES))


def convolutional():
    return nn.Sequential(
        nn.Unflatten(1, (1, 3)), nn.Conv2d(1, 3, 2), nn.Tanh(), nn.Flatten(), nn.Linear(12, CLASSES)
    )


def batch_normalized():
    norm = nn.BatchNorm1d(6)
    norm.running_mean = torch.linspace(-1, 1, 6)
    return nn.Sequential(nn.Flatten(), nn.Linear(9, 6), norm, nn.GELU(), nn.Linear(6, CLASSES))


NETWORKS = {
    "relu": mlp,
    "gelu": lambda: mlp("gelu"),
    "layer norm": lambda: mlp("tanh", "layer"),
    "softmax regression": softmax_regression,
    "convolution": convolutional,
    "residual": Residual,
    "attention": Attention,
    "library attention": LibraryAttention,
    "batch norm": batch_normalized,
}


def replicas(make, seeds):
    """Stacked parameters of newly made modules, with every parameter moved off its default."""
    params = [initial_parameters(make, seed) for seed in seeds]
    generator = torch.Generator().manual_seed(9)
    return {
        name: torch.stack([p[name] for p in params])
        + 0.1 * torch.randn(len(seeds), *value.shape, generator=generator)
        for name, value in params[0].items()
    }


def data(num_replicas, n, shape=(3, 3), classes=CLASSES):
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(num_replicas, n, *shape, generator=generator)
    return inputs, torch.randint(classes, (num_replicas, n), generator=generator)


def double(params):
    return {name: value.double() for name, value in params.items()}


def replica(params, index):
    return {name: value[index] for name, value in params.items()}


class Flat:
    """One replica's network as a function of one vector, in float64, in evaluation mode."""

    def __init__(self, module, params, inputs, targets):
        self.module, self.inputs, self.targets = module.eval(), inputs.double(), targets
        self.names, self.shapes = list(params), [v.shape for v in params.values()]
        self.vector = torch.cat([v.double().flatten() for v in params.values()])

    def logits(self, vector):
        parts = vector.split([math.prod(shape) for shape in self.shapes])
        values = (part.reshape(shape) for part, shape in zip(parts, self.shapes))
        params = dict(zip(self.names, values))
        with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
            return functional_call(self.module, params, (self.inputs,))

    def loss(self, vector):
        return functional.cross_entropy(self.logits(vector), self.targets)

    def hessian(self):
        """Forward over reverse; `torch.func.hessian`, jacobians of jacobians, has been found to
        differ from finite differences for layer norm."""
        return torch.func.jacfwd(torch.func.grad(self.loss))(self.vector)

    def gauss_newton(self):
        """(1/n) sum J^T (diag p - p p^T) J, every J in full."""
        jacobian = torch.func.jacrev(self.logits)(self.vector)  # (n, classes, p)
        p = self.logits(self.vector).softmax(-1)
        curvature = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]
        product = torch.einsum("nia,nij,njb->ab", jacobian, curvature, jacobian)
        return product / len(self.targets)


def non_zero(eigenvalues, number):
    """The `number` largest, ascending, with zeros in front where there are fewer."""
    values = torch.as_tensor(eigenvalues).sort().values[-number:]
    return torch.cat([values.new_zeros(number - len(values)), values])
