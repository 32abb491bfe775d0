"""What the numbers of a diagnosis mean, in one plain sentence each."""

import re

from plasticity_bench.measurements.probe import Probe

_MATRICES = {
    "fisher": "empirical Fisher matrix",
    "gauss_newton": "Gauss-Newton matrix",
    "last_layers": "Hessian of the last two layers",
    "hessian": "Hessian",
}

_OF_MATRIX = {
    "srank99": "Directions with 0.99 of the curvature of the {}; few: little can be learnt.",
    "srank90": "Directions with 0.9 of the curvature of the {}.",
    "factor_srank99": "As srank99, of the singular values of the gradients behind the {}.",
    "effective_rank": "Number of equal eigenvalues with the entropy of those of the {}.",
    "participation_ratio": "Number of eigenvalues that dominate the {}.",
    "epsilon_rank0.01": "Eigenvalues of the {} above 0.01 of the largest.",
    "sharpness": "Largest eigenvalue of the {}: large step sizes diverge if it is large.",
    "trace": "Sum of the eigenvalues of the {}.",
    "share_above0.1": "Share of all directions in which the {} has a curvature above 0.1.",
    "negative_mass": "Share of the {} that is negative curvature.",
}

_OTHERS = {
    "parameter_norm": "Length of all parameters; large: a step changes the function less.",
    "distance_from_init": "How far training has moved the parameters.",
    "gradient_norm": "Length of the loss's gradient; near zero: nothing is learnt.",
    "zero_gradient_fraction": "Share of parameters that get no gradient at all.",
    "dormant_units_tau0": "Share of hidden units that are zero on every example (dead).",
    "dormant_units_tau0.01": "Share of hidden units with 0.01 of their layer's activity, or less.",
    "dormant_units_tau0.1": "Share of hidden units with 0.1 of their layer's activity, or less.",
    "constant_units": "Share of hidden units whose output is the same on every example.",
    "saturated_tanh0.9": "Share of outputs of tanh beyond 0.9, where its slope is small.",
    "unit_sign_entropy": "How often hidden units change their sign, in bits; 0: all are linear.",
    "feature_srank99": "Dimensions of the last hidden layer's outputs, by 0.99 of their size.",
    "feature_effective_rank": "Effective dimensions of the last hidden layer's outputs.",
    "feature_count_sigma0.01": "Dimensions of the last hidden layer above an absolute threshold.",
    "duplicate_units_cos0.95": "Share of hidden units that repeat another one.",
    "ntk_effective_rank": "Directions in which gradient descent can change the outputs.",
    "ntk_log10_condition": "Powers of ten between the easiest and the hardest of these directions.",
    "feature_srank99_places": "As feature_srank99, with a feature for each unit and place.",
    "feature_effective_rank_places": "As feature_effective_rank, for each unit and place.",
    "rarely_active_units0.01": "Share of hidden units that are zero in 99 % of cases or more.",
    "deviation_from_isometry": "How far weights are from preserving lengths and angles.",
    "singular_value_spread": "How unequal weights treat directions; 0: all alike.",
    "gradient_cosine_mean": "How alike gradients of different examples are; 1: all the same.",
    "gradient_covariance_srank99": "Directions with 0.99 of the examples' normalised gradients.",
    "gradient_covariance_effective_rank": "Effective number of directions of the gradients.",
    "gradient_noise_scale": "Batch size at which a gradient's noise equals the gradient.",
    "curvature_volatility_bound": "Largest step where curvature differs between minibatches.",
    "optimization_readiness": "Share of a minibatch's squared gradient that is all examples'.",
    "churn_outputs_sgd0.1": "How far one step on half of the examples moves the others' outputs.",
    "churn_predictions_sgd0.1": "Share of the others' predictions that such a step changes.",
    "one_step_plasticity_sgd0.1": "Share of the loss that one gradient step of size 0.1 removes.",
}


def meaning(name: str) -> str:
    """Return what a number means; empty if it is none of ours.

    Args:
        name: with the number of examples, such as "fisher_srank99_n256".
    """
    formula = re.sub(r"(_b\d+)?_n\d+$", "", name)
    if formula in _OTHERS:
        return _OTHERS[formula]
    for prefix, matrix in _MATRICES.items():
        kind = formula.removeprefix(f"{prefix}_")
        if formula != kind and kind in _OF_MATRIX:
            return _OF_MATRIX[kind].format(matrix)
        if formula != kind and kind.endswith("_uncertainty"):
            return "Standard uncertainty of the number of this name; 0 if it is exact."
    return ""


def why_nan(name: str, probe: Probe, of_units: bool) -> str:
    """Return why a number does not exist for a network, in a few words.

    Args:
        name: as of `meaning`.
        probe: that was measured.
        of_units: whether the measurement looks at hidden activations.
    """
    if of_units:
        unclear = unclear_of(probe)
        if unclear:
            return f"the network calls {unclear}(), and whether that makes hidden units is unknown"
        if not probe.hidden:
            return "the network has no hidden activations that are known"
        if name.startswith("saturated_tanh"):
            return "the network has no tanh"
    if name.startswith("one_step_plasticity") and float(probe.losses[0]) == 0:
        return "the loss is 0: there is nothing to remove"
    return "it overflows, or is not defined for what the network computes"


def unclear_of(probe: Probe) -> str:
    """Return the function for which a network's hidden units are not known; empty if none."""
    from plasticity_bench.measurements.hidden import hidden_activations

    params, inputs, _ = next(probe.one_by_one())
    return hidden_activations(probe.module, params, inputs).unclear
