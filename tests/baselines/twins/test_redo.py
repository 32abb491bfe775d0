"""ReDo, as dopamine/labs/redo/weight_recyclers.py of github.com/google/dopamine, commit 5873f54.

The learner also zeroes the moments of biases, and begins gains and biases of norms anew; so does
its twin. New weights are the learner's: theirs are Xavier's.
"""

from tests.baselines.twins.harness import Twin, agree, cases


class ReDo(Twin):
    replaced = 0

    def after(self, inputs):
        if self.updates % self.period:
            return
        masks = []
        for outputs in self.features(inputs):
            score = outputs.abs().mean(0)
            score = score / (score.mean() + 1e-9)
            masks.append(score <= self.threshold)
            self.replaced += int(masks[-1].sum())
        chain = self.chain()
        for layer, following, mask in zip(chain, chain[1:], masks, strict=False):
            self.replace(layer, following, mask)
        for following, mask in zip(chain[1:], masks, strict=True):  # last, for all layers
            self.silence(following, mask)


@cases()
def test_redo(network, optimizer):
    twin = agree("redo", ReDo, network, optimizer, threshold=0.3, period=20)
    assert twin.replaced > 10
