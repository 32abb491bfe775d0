"""A learner of your own, in one file: `plasticity-bench run quick --learner my_module:Learner`."""

import plasticity_bench as pb


class Learner(pb.Learner):
    """Adam with a pseudo-Huber penalty on the distance from the initial parameters."""

    strength: float = 1e-2  # a hyperparameter: set it in a suite, or with -H strength=1e-3
    radius: float = 0.1

    def penalty(self, params, state):
        """Return the penalty: quadratic near the initial parameters, linear far from them."""
        total = 0.0
        for name, value in params.items():
            distance = (value - state.initial[name]) / self.radius
            total = total + ((1 + distance.square()).sqrt() - 1).sum()
        return self.strength * self.radius**2 * total
