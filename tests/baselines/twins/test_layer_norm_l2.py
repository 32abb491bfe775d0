"""Layer norm and L2 regularisation by the formula of the paper, arXiv:2402.18762.

Not verified against code: none of the authors' is public.
"""

from tests.baselines.twins.harness import Twin, agree, cases


class LayerNormL2(Twin):
    def penalty(self, params):
        assert self.norms_after(self.chain()[0])
        return self.strength / 2 * sum((value**2).sum() for value in params.values())


@cases(("mlp", "sgd"), ("cnn", "adam"))
def test_layer_norm_and_l2(network, optimizer):
    agree("layer_norm_l2", LayerNormL2, network, optimizer, strength=0.1)
