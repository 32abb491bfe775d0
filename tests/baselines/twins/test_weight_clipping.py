"""Weight clipping, as core/optim/weight_clipping.py of github.com/mohmdelsayed/weight-clipping.

Commit 0d3db49. Its networks have no norms; there a norm's parameters would be clipped by the layer
before, which the learner does not.
"""

import math

from tests.baselines.twins.harness import Twin, agree, cases


class WeightClipping(Twin):
    def after(self, inputs):
        limit = None
        for name, value in self.params.items():
            if "norm" in name:
                continue
            if value.ndim > 1:
                limit = self.bound / math.sqrt(value[0].numel())
            self.params[name] = value.clamp(-limit, limit)


@cases()
def test_weight_clipping(network, optimizer):
    agree("weight_clipping", WeightClipping, network, optimizer, bound=1.0)
