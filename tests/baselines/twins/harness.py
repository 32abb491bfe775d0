"""A learner and its twin, side by side: the same start, the same batches, the same parameters.

A twin is the arithmetic of the authors' code, or of the paper where there is none, written out
slowly for one network in double precision. The learner's hooks are called in double precision too,
so that a difference is a difference of rules: what rounding makes is below 1e-12, and Adam would
magnify it. Where numbers are random, the twin takes those of the learner.

`python -m tests.baselines.twins.harness` prints the largest difference of every twin.
"""

import importlib
import math
import pkgutil
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.utils import _pytree as pytree

import plasticity_bench as pb
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.learners.noise import Noise, fold
from plasticity_bench.networks import initial_parameters
from plasticity_bench.recording import replica_update
from plasticity_bench.recording.graph import record
from plasticity_bench.recording.replica_update import ReplicaUpdate

UPDATES = 200
UPDATES_PER_TASK = 50
TOLERANCE = 1e-6
MLP = {"hidden": (8, 8), "input_shape": (2, 4), "num_outputs": 3}
CNN = {"name": "cnn", "channels": (3, 4), "kernel_size": 3, "hidden": (6,)} | {
    "input_shape": (4, 4),
    "num_outputs": 3,
}
NETWORKS = {
    "mlp": pb.NetworkSpec(**MLP),
    "mlp_norm": pb.NetworkSpec(**MLP, norm="layer"),
    "cnn": pb.NetworkSpec(**CNN),
    "cnn_norm": pb.NetworkSpec(**CNN, norm="layer"),
}
ALL = [("mlp", "sgd"), ("cnn", "adam"), ("mlp_norm", "adam"), ("cnn_norm", "sgd")]
STEP_SIZES = {"sgd": 0.1, "adam": 3e-3}
LARGEST = {}
"""The largest difference that a test has seen, by what was compared."""


def cases(*chosen):
    """Parametrise a test over networks and optimisers: all of them, or those chosen.

    The first is a fast test, the others are slow ones.
    """
    first, *others = chosen or ALL
    slow = [pytest.param(*case, marks=pytest.mark.slow) for case in others]
    return pytest.mark.parametrize(("network", "optimizer"), [first, *slow])


class Twin:
    """One network, trained by a plain loop; a method overrides what it changes.

    Attributes:
        module: the network; its own parameters are not used.
        params: the parameters, by name.
        start: the initial parameters.
        settings: of the method, as the learner has them.
        updates: number of updates done, the present one included.
        batch: inputs and targets of the present update.
        ours: the learner's parameters after the present update, for random numbers.
        betas: of Adam.
        tiny: what Adam adds to a divisor.
        batches: how many there are, over and over; all are different where they are as many as
            updates.
    """

    betas, tiny = (0.9, 0.999), 1e-8
    batches = UPDATES

    def __init__(self, module, start, optimizer, settings):
        self.module, self.optimizer = module, optimizer
        self.start = {name: value.clone() for name, value in start.items()}
        self.params = {name: value.clone() for name, value in start.items()}
        self.settings = settings
        self.lr = settings["step_size"]
        self.updates = 0
        self.ours, self.noise = {}, None
        self.forget()
        self.begin()

    def __getattr__(self, name):  # a setting
        try:
            return self.__dict__["settings"][name]
        except KeyError:
            raise AttributeError(name) from None

    # ---- what a method overrides ----

    def begin(self):
        """Make what the method keeps."""

    def logits(self, params, inputs):
        return functional_call(self.module, params, (inputs,))

    def penalty(self, params):
        return 0.0

    def after(self, inputs):
        """Follow the optimiser's step."""

    def boundary(self, fresh):
        """Begin a task; `fresh` is a new network."""

    # ---- the loop ----

    def update(self, inputs, targets):
        self.updates += 1
        self.batch = inputs, targets
        self.gradients = self.derivatives(self.params)
        self.before = dict(self.params)
        self.step()
        self.after(inputs)

    def derivatives(self, params, along=None):
        """The gradients for the update's batch; `along` a direction, the Hessian's products too."""
        inputs, targets = self.batch
        leaves = {name: v.clone().requires_grad_() for name, v in params.items()}
        loss = nn.functional.cross_entropy(self.logits(leaves, inputs), targets)
        loss = loss + self.penalty(leaves)
        gradients = self.derived(loss, leaves, create_graph=along is not None)
        if along is None:
            return gradients
        product = sum((g * along[name]).sum() for name, g in gradients.items())
        return {k: g.detach() for k, g in gradients.items()}, self.derived(product, leaves)

    @staticmethod
    def derived(value, leaves, **options):
        """The derivatives of a number by tensors, by name."""
        found = torch.autograd.grad(value, list(leaves.values()), materialize_grads=True, **options)
        return dict(zip(leaves, found, strict=True))

    def step(self):
        """Gradient descent, or Algorithm 1 of Kingma and Ba (2015)."""
        beta1, beta2 = self.betas
        self.count += 1
        for name, g in self.gradients.items():
            if self.optimizer == "sgd":
                self.params[name] = self.params[name] - self.lr * g
                continue
            self.first[name] = beta1 * self.first[name] + (1 - beta1) * g
            self.second[name] = beta2 * self.second[name] + (1 - beta2) * g * g
            first = self.first[name] / (1 - beta1**self.count)
            size = (self.second[name] / (1 - beta2**self.count)).sqrt() + self.tiny
            self.params[name] = self.params[name] - self.lr * first / size

    def forget(self):
        """Begin the optimiser anew."""
        self.count = 0
        self.first = {name: torch.zeros_like(value) for name, value in self.params.items()}
        self.second = {name: torch.zeros_like(value) for name, value in self.params.items()}

    # ---- layers of a chain, from its modules ----

    def features(self, inputs, params=None):
        """The outputs of each hidden layer before the step, (examples x places, units), in order."""
        params, features, x = params or self.before, [], inputs
        for name, part in self.module.named_children():
            own = {k[len(name) + 1 :]: v for k, v in params.items() if k.startswith(f"{name}.")}
            x = functional_call(part, own, (x,))
            if isinstance(part, nn.ReLU):
                features.append(x.movedim(1, -1).flatten(0, -2) if x.ndim == 4 else x)
        return features

    def chain(self):
        """The names of layers with weights, from first to last; the head is the last."""
        kinds = (nn.Linear, nn.Conv2d)
        return [name for name, part in self.module.named_modules() if isinstance(part, kinds)]

    def norms_after(self, layer):
        """The names of the gains and biases of the norm that follows a layer."""
        names = [name for name, _ in self.module.named_children()]
        following = names[names.index(layer) + 1]
        return [k for k in self.params if k.startswith(f"{following}.") and "norm" in following]

    def replace(self, layer, following, units, *, moments=("first", "second")):
        """Give units of a layer new incoming weights, the learner's, and no outgoing ones.

        Gains and biases of the norm begin anew, and so do the moments of all that is replaced.
        """
        weight, bias = f"{layer}.weight", f"{layer}.bias"
        self.params[weight][units] = self.ours[weight][units]
        self.params[bias][units] = 0
        for name in self.norms_after(layer):
            self.params[name][units] = 1 if name.endswith("weight") else 0
        for moment in moments:
            for name in (weight, bias, *self.norms_after(layer)):
                getattr(self, moment)[name][units] = 0
        self.silence(following, units, moments=moments)

    def silence(self, following, units, *, moments=("first", "second")):
        """Set the weights that read units of the layer below to zero, and their moments."""
        read = f"{following}.weight"
        for values in (self.params, *(getattr(self, moment) for moment in moments)):
            shape = values[read].shape
            columns = values[read].reshape(shape[0], len(units), -1)
            columns[:, units] = 0
            values[read] = columns.reshape(shape)


def agree(name, twin, network, optimizer, **settings):
    """Step a learner and its twin, and compare all parameters after every update.

    Args:
        name: of the learner.
        twin: its class.
        network: a name in `NETWORKS`.
        optimizer: of both.
        settings: of both.
    """
    settings = {"step_size": STEP_SIZES[optimizer]} | settings
    learner = find_learner(name)(optimizer=optimizer, **settings)
    assert type(learner).method.verified != "no source", name
    spec = NETWORKS[network]
    module = learner.build(spec).double()
    learner = learner.on_network(module)

    def drawn(seed):
        params = initial_parameters(lambda: learner.build(spec), seed)
        return {key: value.double() for key, value in params.items()}

    state = pytree.tree_map(
        lambda t: t.double() if t.is_floating_point() else t,
        replica_update.restart(learner, drawn(0), spec=spec),
    )
    other = twin(module, drawn(0), optimizer, learner.hyperparameters())
    update = recorded(learner, module, spec, state, batch(spec, 0))
    largest = 0.0
    for step in range(UPDATES):
        if step and step % UPDATES_PER_TASK == 0:
            fresh, task = drawn(step), fold(torch.tensor(~5), step)
            if learner.overrides("begin_task"):
                state = replica_update.begin_task(learner, state, task, fresh)
            other.boundary(fresh)
        inputs, targets = batch(spec, step % other.batches)
        key = fold(torch.tensor(5), step)
        state = update(state, key, inputs, targets)
        other.ours, other.noise = state.params, Noise(key)
        other.update(inputs, targets)
        for key, value in state.params.items():
            scale = max(1.0, value.abs().max().item())
            difference = (value - other.params[key]).abs().max().item() / scale
            largest = max(largest, difference if math.isfinite(difference) else math.inf)
            assert difference <= TOLERANCE, f"{key} differs by {difference:.1e} at update {step}"
    moved = max((state.params[k] - v).abs().max().item() for k, v in other.start.items())
    assert moved > 100 * TOLERANCE  # else it agrees because nothing happens
    LARGEST[f"{name} {network} {optimizer}"] = largest
    return other


def recorded(learner, module, spec, state, example):
    """The learner's update, recorded as it is for every run, but in double precision."""
    replica = ReplicaUpdate.of(learner, module, spec)
    arguments = (state, torch.tensor(0), *example)
    graph = record(lambda *given: replica.update(learner, *given), arguments)
    structure = pytree.tree_structure(state)

    def update(*given):
        with torch.no_grad():
            return pytree.tree_unflatten(graph(*pytree.tree_leaves(given)), structure)

    return update


def batch(spec, step, size=8):
    """A batch of a task: its inputs are of one sign in turn, so that units die and come back."""
    generator = torch.Generator().manual_seed(step)
    task = torch.Generator().manual_seed(step // UPDATES_PER_TASK)
    shift = torch.randn(spec.input_shape, generator=task)
    inputs = torch.randn(size, *spec.input_shape, generator=generator) + shift
    return inputs.double(), torch.randint(spec.num_outputs, (size,), generator=generator)


def main():
    """Run all twins, and print the largest difference of each."""
    here = Path(__file__).parent
    for module in pkgutil.iter_modules([str(here)]):
        if module.name.startswith("test_"):
            importlib.import_module(f"tests.baselines.twins.{module.name}")
    code = pytest.main(["-q", "-m", "", "-p", "no:cacheprovider", str(here)])
    for compared, difference in sorted(
        sys.modules["tests.baselines.twins.harness"].LARGEST.items()
    ):
        print(f"{difference:.1e}  {compared}")
    return code


if __name__ == "__main__":
    sys.exit(main())
