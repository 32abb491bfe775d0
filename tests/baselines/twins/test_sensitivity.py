"""Every twin notices a learner that is broken: one change of its source, and they disagree."""

import importlib
import re
from pathlib import Path

import pytest

from plasticity_bench.learners.learner import Learner
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.shipped import baseline_names
from tests.baselines.twins import harness

BASELINES = Path(__file__).parents[3] / "baselines"
NETWORK, LAST = {"network": "mlp", "optimizer": "sgd"}, {"network": "mlp", "optimizer": "adam"}

# Learner -> its twin's module and test, the test's arguments, what is replaced, and by what.
CHANGES = {
    "adahessian": ("second_order", "test_adahessian", LAST, ".abs())", ".clamp_min(0.0))"),
    "adalin": ("learnt_activations", "test_adalin", NETWORK, "float(self.alpha)", "float(self.alpha) + 0.01"),
    "adam": ("optimizers", "test_adam", LAST, 'optimizer = "adam"', 'optimizer = "adam"\n    beta1 = 0.91'),
    "adam_equal_betas": ("optimizers", "test_adam_with_equal_betas", LAST, "beta2 = 0.99", "beta2 = 0.999"),
    "adamo": ("first_order", "test_adamo", NETWORK, "state.params[name])", "stepped.params[name])"),
    "adamw": ("optimizers", "test_adamw", LAST, "1 - self.step_size", "1 - 2 * self.step_size"),
    "c_chain": ("examples", "test_c_chain", NETWORK, "state.step - 1)", "state.step)"),
    "continual_backprop": ("continual_backprop", "test_continual_backprop", NETWORK | {"utility": "adaptable_contribution"}, "age > self.maturity", "age >= self.maturity"),
    "crelu": ("activations", "test_activations", NETWORK | {"name": "crelu"}, "crelu", "fourier"),
    "dash": ("dash", "test_dash", NETWORK, "1 - self.rate) *", "1 - self.rate / 2) *"),
    "deep_fourier": ("activations", "test_activations", NETWORK | {"name": "deep_fourier"}, 'activation="fourier"', 'activation="crelu"'),
    "experience_replay": ("examples", "test_experience_replay", NETWORK, "* (number + 1)", "* number"),
    "fire": ("fire", "test_fire", NETWORK, "1.5 * x", "1.4 * x"),
    "hare_and_tortoise": ("hare_and_tortoise", "test_hare_and_tortoise", NETWORK, "% self.period == 0", "% self.period == 1"),
    "head_reset": ("boundaries", "test_head_reset", LAST, "fresh[k] if", "0.9 * fresh[k] if"),
    "infer": ("examples", "test_infer", LAST, "_auxiliary(state.initial)", "_auxiliary(state.params)"),
    "l2": ("l2", "test_l2", NETWORK, "self.strength / 2", "self.strength"),
    "l2_effective_rank": ("l2_effective_rank", "test_l2_and_effective_rank", NETWORK, ".exp()", ""),
    "l2_init": ("l2", "test_l2_init", NETWORK, "state.initial[name]", "0.5 * state.initial[name]"),
    "layer_norm": ("activations", "test_activations", NETWORK | {"name": "layer_norm"}, 'norm="layer"', 'norm="none"'),
    "layer_norm_l2": ("layer_norm_l2", "test_layer_norm_and_l2", NETWORK, "self.strength / 2", "self.strength"),
    "leaky_relu": ("activations", "test_activations", NETWORK | {"name": "leaky_relu"}, "leaky_relu", "tanh"),
    "muon": ("first_order", "test_muon", LAST, "5)", "4)"),
    "nap": ("nap", "test_nap", NETWORK | {"project_head": True}, "initial.norm()", "1.01 * initial.norm()"),
    "optimizer_reset": ("boundaries", "test_optimizer_reset", LAST, ", step=begun.step", ""),
    "parseval": ("parseval", "test_parseval", NETWORK, "64 /", "65 /"),
    "perturbed_gradient_descent": ("noise", "test_perturbed_gradient_descent", NETWORK, "g + self", "g - self"),
    "plasticity_injection": ("plasticity_injection", "test_plasticity_injection", NETWORK, "- self.frozen(z)", "+ self.frozen(z)"),
    "redo": ("redo", "test_redo", NETWORK, "self.threshold *", "0.9 * self.threshold *"),
    "sassha": ("second_order", "test_sassha", LAST, "batch.gradients(there)", "ascent"),
    "sdp": ("first_order", "test_sdp", NETWORK, "floored.mean()", "values.mean().square()"),
    "selective_weight_reinitialization": ("selective_weight_reinitialization", "test_selective_weight_reinitialization", NETWORK | {"by_gradient": True, "proportional": False}, "self.factor * utility.mean()", "self.factor * utility.median()"),
    "self_normalized_resets": ("self_normalized_resets", "test_self_normalized_resets", NETWORK, "(total == 0) |", "(total > 0) &"),
    "shampoo": ("first_order", "test_shampoo", NETWORK, "2 * gradient.ndim", "gradient.ndim"),
    "shrink_and_perturb": ("noise", "test_shrink_and_perturb", NETWORK | {"relative": True}, "1 - self.shrink", "1 - self.shrink / 2"),
    "shrink_and_perturb_tasks": ("boundaries", "test_shrink_and_perturb_at_tasks", NETWORK, "shrink: float = 0.6", "shrink: float = 0.4"),
    "smooth_leaky": ("learnt_activations", "test_smooth_leaky", NETWORK, "sharpness=float(", "sharpness=2 * float("),
    "sophia_h": ("second_order", "test_sophia_h", LAST, "(state.step - 1) %", "state.step %"),
    "spectral": ("spectral", "test_spectral", NETWORK, ".square().sum() ** self.k", ".square().sum()"),
    "trac": ("first_order", "test_trac", LAST, "decays * memory", "decays.square() * memory"),
    "upgd": ("noise", "test_upgd", NETWORK, "correct_maximum: bool = False", "correct_maximum: bool = True"),
    "wasserstein": ("wasserstein", "test_wasserstein", NETWORK | {"mean": False}, "squares.sum()", "squares.sum() / 2"),
    "weight_clipping": ("weight_clipping", "test_weight_clipping", NETWORK, "math.sqrt(", "math.sqrt(1 + "),
}  # fmt: skip


def broken(name, old, new):
    """The class of a baseline, from its source with one change."""
    original = find_learner(name)
    code = (BASELINES / f"{name}.py").read_text()
    body = re.sub(r'"""(.|\n)*?"""', '""""""', code)  # docstrings are no code
    assert old in body
    namespace = {"__name__": original.__module__}
    exec(compile(body.replace(old, new), f"{name}.py", "exec"), namespace)
    return namespace[original.__name__]


def test_every_twin_is_tried():
    sourced = {n for n in baseline_names() if find_learner(n).method.verified != "no source"}
    assert set(CHANGES) == sourced


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGES)
def test_a_broken_learner_is_noticed(name, monkeypatch):
    module, test, arguments, old, new = CHANGES[name]
    cls = broken(name, old, new)
    assert issubclass(cls, Learner)
    monkeypatch.setattr(harness, "find_learner", lambda _: cls)
    twin = getattr(importlib.import_module(f"tests.baselines.twins.test_{module}"), test)
    with pytest.raises((AssertionError, KeyError, RuntimeError)) as caught:
        twin(**arguments)
    text = str(caught.value)
    assert "differs by" in text or name in ("crelu", "deep_fourier", "layer_norm"), text
