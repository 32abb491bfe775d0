"""Methods that begin something anew for every task.

Shrink and perturb as run.py of github.com/JordanAsh/warm_start, commit 896176b, whose `shrink` is
what is kept and whose optimiser is new. Resets of the head and the optimiser by the words of the
papers, arXiv:2205.07802 and arXiv:2306.17833: not verified against code.
"""

from tests.baselines.twins.harness import Twin, agree, cases


class ShrinkAndPerturbTasks(Twin):
    def boundary(self, fresh):
        kept, scale = 0.4, 0.1
        for name, value in self.params.items():
            self.params[name] = kept * value + scale * fresh[name]
        self.forget()


class HeadReset(Twin):
    def boundary(self, fresh):
        for name in ("head.weight", "head.bias"):
            self.params[name] = fresh[name].clone()
            self.first[name] = 0 * self.first[name]
            self.second[name] = 0 * self.second[name]


class OptimizerReset(Twin):
    def boundary(self, fresh):
        self.forget()


@cases()
def test_shrink_and_perturb_at_tasks(network, optimizer):
    """The authors' defaults, which are the learner's."""
    agree("shrink_and_perturb_tasks", ShrinkAndPerturbTasks, network, optimizer)


@cases(("mlp", "adam"), ("cnn_norm", "adam"))
def test_head_reset(network, optimizer):
    agree("head_reset", HeadReset, network, optimizer)


@cases(("mlp", "adam"), ("cnn_norm", "adam"))
def test_optimizer_reset(network, optimizer):
    agree("optimizer_reset", OptimizerReset, network, optimizer)
