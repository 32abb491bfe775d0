"""Adam and its variants, by Algorithm 1 of Kingma and Ba (2015) and the forms of PyTorch."""

from tests.baselines.twins.harness import Twin, agree, cases

ADAM = cases(("mlp", "adam"), ("mlp_norm", "adam"), ("cnn", "adam"))


class AdamW(Twin):
    def step(self):
        """Shrink by step size times decay before the step, as torch.optim.AdamW."""
        for name, value in self.params.items():
            self.params[name] = value - self.lr * self.decay * value
        super().step()


class EqualBetas(Twin):
    """lop/algos/bp.py of github.com/shibhansh/loss-of-plasticity, commit 63c35f3: Adam with both."""

    def step(self):
        self.count += 1
        for name, g in self.gradients.items():
            self.first[name] = 0.99 * self.first[name] + 0.01 * g
            self.second[name] = 0.99 * self.second[name] + 0.01 * g * g
            first = self.first[name] / (1 - 0.99**self.count)
            second = self.second[name] / (1 - 0.99**self.count)
            self.params[name] = self.params[name] - self.lr * first / (second.sqrt() + 1e-8)


@ADAM
def test_adam(network, optimizer):
    agree("adam", Twin, network, optimizer)


@ADAM
def test_adamw(network, optimizer):
    agree("adamw", AdamW, network, optimizer, decay=0.1)


@ADAM
def test_adam_with_equal_betas(network, optimizer):
    agree("adam_equal_betas", EqualBetas, network, optimizer)
