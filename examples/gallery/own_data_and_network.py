"""
Your own data and network
=========================

A stream can be made of any labelled examples, and any PyTorch module can be the network. Here they
are a table of measurements from scikit-learn and a small residual network.
"""

# %%
# Data in one line
# ----------------
#
# ``from_arrays`` takes arrays, tensors or lists. ``from_csv``, ``from_image_folder``,
# ``from_datasets`` and ``from_torchvision`` read other forms. Counts, shapes and classes are found.

from sklearn.datasets import load_wine
from sklearn.preprocessing import scale

import plasticity_bench as pb

wine = load_wine()
data = pb.from_arrays(scale(wine.data), wine.target_names[wine.target], name="wine")
data

# %%
# The stream permutes the columns of the table in every task: the same information arrives at other
# inputs.

stream = pb.make_stream(
    "plasticity/PermutedPixelDigits-v0",
    dataset=data,
    num_examples=128,
    num_tasks=10,
    updates_per_task=60,
)
print(stream.input_shape, stream.num_outputs, stream.size(0))

# %%
# A network of your own
# ---------------------
#
# The module is given the inputs' shape and the number of outputs. With a registered name, suites
# can use it too.

from torch import nn


class Residual(nn.Module):
    """Two residual blocks between linear layers."""

    def __init__(self, input_shape, num_outputs, width=24):
        super().__init__()
        self.first = nn.Linear(input_shape[0], width)
        self.blocks = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        self.relus = nn.ModuleList(nn.ReLU() for _ in range(2))
        self.last = nn.Linear(width, num_outputs)

    def forward(self, inputs):
        hidden = self.first(inputs.flatten(1))
        for relu, block in zip(self.relus, self.blocks, strict=True):
            hidden = hidden + block(relu(hidden))
        return self.last(hidden)


pb.register_network("residual", Residual)

# %%
# ``check_stream`` makes tasks and raises an error that says what to change, if something is wrong.

pb.check_stream(stream)

# %%
# Scores of two baselines
# -----------------------

import pandas as pd

scores = {
    learner: pb.evaluate(learner, stream, seeds=3, network={"name": "residual"}).scores
    for learner in ("adam", "shrink_and_perturb")
}
pd.concat(scores, names=["learner"]).groupby("learner").mean().drop(columns="seed").round(2)

# %%
# Ten tasks on this table wear neither of them out.
#
# Diagnose a network
# ------------------
#
# ``diagnose`` takes all measurements of any network, here of one that was only initialised, beside
# those of other fresh ones.

import torch

inputs = torch.from_numpy(stream.inputs(stream.task(0, 0).examples))
targets = torch.from_numpy(stream.task(0, 0).targets)
pb.diagnose(Residual((13,), 3), inputs, targets, fresh=lambda: Residual((13,), 3))
