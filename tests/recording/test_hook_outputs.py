"""What hooks return is checked: a wrong one is named, and no wrong one trains another network."""

import pytest
import torch
from torch import nn

import plasticity_bench as pb
from tests.support.helpers import SPEC, replica, same, stacked_batch, train
from tests.support.transformers import Encoded


def turned(params):
    return dict(reversed(params.items()))


class TurnsAround(pb.Learner):
    """Returns every dictionary in another order than it got it."""

    def memory(self, params):
        return {"count": torch.zeros(()), "slow": params}

    def apply_gradients(self, gradients, state, noise):
        state = super().apply_gradients(turned(gradients), state, noise)
        moments = {name: turned(moment) for name, moment in state.moments.items()}
        return state._replace(params=turned(state.params), moments=turned(moments))

    def after_update(self, state, noise):
        memory = {"slow": turned(state.params), "count": state.memory["count"] + 1}
        return state._replace(params=turned(state.params), memory=memory)

    def predict_params(self, state):
        return turned(state.memory["slow"])


class Straight(pb.Learner):
    def memory(self, params):
        return {"count": torch.zeros(()), "slow": params}

    def after_update(self, state, noise):
        return state._replace(memory={"count": state.memory["count"] + 1, "slow": state.params})

    def predict_params(self, state):
        return state.memory["slow"]


def test_the_order_of_a_dictionary_is_no_matter():
    """Bit for bit the run of a learner that keeps the order."""
    one, other = train(TurnsAround(), [0, 1], 15), train(Straight(), [0, 1], 15)
    for index in range(2):
        assert same(replica(one, index), replica(other, index))
    inputs, _ = stacked_batch([0, 1], 77)
    assert torch.equal(one.predict(inputs), other.predict(inputs))
    assert one.state.memory["count"].tolist() == [15, 15]


def learner(vectorized=True, **hooks):
    attributes = {"vectorized": vectorized, "__module__": __name__, **hooks}
    return type("Wrong", (pb.Learner,), attributes)()


def drop(state):
    return {name: value for name, value in state.params.items() if name != "head.bias"}


def with_more(tensors):
    return {**tensors, "extra": torch.zeros(())}


def puts_more(tensors):
    tensors["extra"] = torch.zeros(())
    return True


WRONG = {
    "penalty of a vector": (
        {"penalty": lambda self, params, state: params["head.bias"]},
        r"hook penalty: must return a scalar tensor, not \(5,\) float32: add it up with .sum\(\)",
    ),
    "penalty of nothing": (
        {"penalty": lambda self, params, state: None},
        r"hook penalty: must return a scalar tensor, not None: does it end with `return ...`\?$",
    ),
    "loss per example": (
        {"loss": lambda self, logits, targets: logits.sum(-1)},
        r"hook loss: must return a scalar tensor, not \(8,\) float32",
    ),
    "nothing after an update": (
        {"after_update": lambda self, state, noise: None},
        "hook after_update: must return a State, not None",
    ),
    "parameters for a state": (
        {"after_update": lambda self, state, noise: state.params},
        "hook after_update: must return a State, not a dict",
    ),
    "a missing parameter": (
        {"after_update": lambda self, state, noise: state._replace(params=drop(state))},
        r"hook after_update: params lacks \['head.bias'\]: return every entry, also unchanged",
    ),
    "a new parameter": (
        {"after_update": lambda self, state, noise: state._replace(params=with_more(state.params))},
        r"hook after_update: params has gained \['extra'\]: parameters are made in build only",
    ),
    "a new parameter put into the dictionary that it was given": (
        {"after_update": lambda self, state, noise: state if puts_more(state.params) else None},
        r"hook after_update: params has gained \['extra'\]: parameters are made in build only",
    ),
    "a new key of the memory": (
        {"after_update": lambda self, state, noise: state._replace(memory=with_more({}))},
        r"hook after_update: memory has gained \['extra'\]: memory\(\) must return all keys",
    ),
    "another shape": (
        {
            "after_update": lambda self, state, noise: state._replace(
                params={k: v[:1] for k, v in state.params.items()}
            )
        },
        r"params.linear0.weight must stay \(16, 16\) float32, but is \(1, 16\) float32",
    ),
    "another dtype": (
        {
            "apply_gradients": lambda self, gradients, state, noise: state._replace(
                params={k: v.half() for k, v in state.params.items()}
            )
        },
        "hook apply_gradients: params.linear0.weight must stay .* float32, but is .* float16",
    ),
    "a number in the memory": (
        {"memory": lambda self, params: {"count": 0}},
        "hook memory: count must be a tensor, not a int",
    ),
    "a complex memory": (
        {"memory": lambda self, params: {"m": torch.zeros(2, dtype=torch.complex128)}},
        "hook memory: m is complex128, which a checkpoint cannot store; use a dense tensor",
    ),
    "a complex memory further in": (
        {"memory": lambda self, params: {"a": {"m": torch.zeros(2, dtype=torch.complex128)}}},
        "hook memory: m is complex128, which a checkpoint cannot store",
    ),
    "a sparse memory": (
        {"memory": lambda self, params: {"m": torch.eye(2).to_sparse()}},
        "hook memory: m is sparse_coo, which a checkpoint cannot store",
    ),
    "a memory with numbers as keys": (
        {"memory": lambda self, params: {0: torch.zeros(2)}},
        "hook memory: its keys must be strings, not 0",
    ),
    "no memory": (
        {"memory": lambda self, params: None},
        "hook memory: must return a dictionary of tensors, not None",
    ),
    "gradients for a state": (
        {"apply_gradients": lambda self, gradients, state, noise: gradients},
        "hook apply_gradients: must return a State, not a dict",
    ),
    "no network": (
        {"build": lambda self, spec: None},
        "hook build: must return a torch.nn.Module, not None",
    ),
    "too many outputs": (
        {"build": lambda self, spec: nn.Sequential(nn.Flatten(), nn.Linear(16, 7))},
        r"hook build: the network must return logits \(examples, 5\), not \(2, 7\) float32",
    ),
    "batch normalisation": (
        {
            "build": lambda self, spec: nn.Sequential(
                nn.Flatten(), nn.Linear(16, 5), nn.BatchNorm1d(5)
            )
        },
        r"hook build: BatchNorm1d \(2\) keeps statistics inside the network",
    ),
    "dropout": (
        {"build": lambda self, spec: nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(16, 5))},
        r"hook build: Dropout \(1\) draws at random inside the network",
    ),
    "no parameter that is trained": (
        {"build": lambda self, spec: pb.build_network(spec).requires_grad_(False)},
        "hook build: the network has no parameter that is trained",
    ),
    "dropout within attention": (
        {"build": lambda self, spec: Encoded(spec, dropout=0.1)},
        r"hook build: MultiheadAttention \(layer.self_attn\) draws at random",
    ),
    "a network in double": (
        {"build": lambda self, spec: pb.build_network(spec).double()},
        "hook build: linear0.weight must be float32, not torch.float64",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("vectorized", [True, False])
@pytest.mark.parametrize(("hooks", "sentence"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_hook_is_named(hooks, sentence, vectorized):
    with pytest.raises(pb.LearnerError, match=sentence):
        train(learner(vectorized, **hooks), [0, 1], 1)


@pytest.mark.parametrize("layer", [nn.Dropout, nn.Dropout1d, nn.AlphaDropout])
def test_dropout_that_drops_nothing_is_none(layer):
    def build(p):
        return lambda self, spec: nn.Sequential(nn.Flatten(), layer(p), nn.Linear(16, 5))

    train(learner(build=build(0.0)), [0], 1)
    with pytest.raises(pb.LearnerError, match="draws at random"):
        train(learner(build=build(0.1)), [0], 1)


class Scaled(nn.Module):
    """A network with a buffer, or with an attribute in its place."""

    def __init__(self, spec, buffer=True, scale=2.0):
        super().__init__()
        self.network = pb.build_network(spec)
        if buffer:
            self.register_buffer("scale", torch.full((1,), scale))
        else:
            self.scale = scale

    def forward(self, x):
        return self.network(x * self.scale)


@pytest.mark.parametrize("vectorized", [True, False])
def test_a_buffer_is_a_constant_of_the_network(vectorized):
    def trained(buffer):
        build = lambda self, spec: Scaled(spec, buffer)  # noqa: E731
        return replica(train(learner(vectorized, build=build), [0], 3), 0)

    assert same(trained(True), trained(False))


class Counting(Scaled):
    def forward(self, x):
        self.scale += 1
        return super().forward(x)


def test_buffers_that_change_or_differ_are_refused():
    changing = learner(build=lambda self, spec: Counting(spec))
    with pytest.raises(pb.LearnerError, match="the network's forward pass changes"):
        train(changing, [0], 1)
    drawn = learner(build=lambda self, spec: Scaled(spec, scale=torch.rand(()).item()))
    with pytest.raises(pb.LearnerError, match="two networks of the same settings differ"):
        train(drawn, [0, 1], 1)


@pytest.mark.parametrize("hook", ["begin_task", "predict_params"])
def test_hooks_outside_the_update_are_checked_too(hook):
    wrong = learner(**{hook: lambda self, *arguments: None})
    with pytest.raises(pb.LearnerError, match=f"hook {hook}: .* must|hook {hook}: must"):
        population = train(wrong, [0], 0)
        population.begin_task(1)
        population.predict(torch.zeros(1, 2, 4, 4))


def test_a_population_is_of_one_class_and_not_empty():
    class Other(pb.Learner):
        pass

    with pytest.raises(pb.BadInputError, match="at least one replica, all of one learner class"):
        pb.Population([pb.Replica(0, pb.Learner()), pb.Replica(1, Other())], SPEC)
    with pytest.raises(pb.BadInputError, match="at least one replica"):
        pb.Population([], SPEC)


def test_hyperparameters_of_build_are_each_replicas_own():
    class Scaled(pb.Learner):
        scale: float = 1.0

        def build(self, spec):
            module = pb.build_network(spec)
            with torch.no_grad():
                module.head.weight.mul_(self.scale)
            return module

    together = train([Scaled(), Scaled(scale=5.0)], [3, 3], 0)
    weights = together.state.params["head.weight"]
    torch.testing.assert_close(weights[1], 5 * weights[0])


def test_batches_may_change_their_size():
    population = train(pb.Learner(), [0, 1], 2)
    loss, _ = population.update(*stacked_batch([0, 1], 5, size=3))
    assert loss.shape == (2,)
    population.update(*stacked_batch([0, 1], 6))
