"""
Which diagnostic predicts accuracy?
===================================

Several measurements of a network have been proposed as explanations of loss of plasticity. Here
four are taken before each task, and compared with the accuracy that is reached in it.
"""

# %%
# Measurements
# ------------
#
# A protocol says what is measured and how often.

import pandas as pd

import plasticity_bench as pb

names = ["parameter_norm", "dormant_units", "feature_rank", "gradient_norm"]
protocol = pb.Protocol(
    curvature_every=1,
    curvature_examples=64,
    diagnostics=tuple(pb.Diagnostic(name, every=1, examples=64) for name in names),
)
stream = pb.make_stream(
    "plasticity/RandomLabelDigits-v0", num_examples=64, num_tasks=25, updates_per_task=100
)

# %%
# Two learners, one of which loses its plasticity:

from plasticity_bench.baselines.adam import Adam
from plasticity_bench.baselines.l2_init import L2Init

frames = []
for learner in (Adam(step_size=3e-3), L2Init(step_size=3e-3, strength=3e-3)):
    result = pb.evaluate(learner, stream, 3, {"hidden": [32, 32]}, protocol=protocol)
    frames.append(result.frame[result.frame.learner == type(learner).__name__])
frame = pd.concat(frames)
frame = frame[~frame.measurement.str.contains("/")]  # whole networks, not single layers
frame.groupby(["measurement", "when"]).value.describe()[["count", "mean", "min", "max"]]

# %%
# Rank correlations
# -----------------
#
# Each measurement is taken at the start of a task; accuracy is reached at its end. The correlations
# are computed within each run and averaged, so that differences between learners and seeds do not
# enter.

wide = frame[(frame.when == "start") | (frame.measurement == "accuracy")].pivot_table(
    index=["learner", "seed", "task"], columns="measurement", values="value"
)
within = wide.groupby(["learner", "seed"]).corr(method="spearman")["accuracy"].unstack()
within.drop(columns=["accuracy", "chance", "dead_rank"]).groupby("learner").mean().T.round(2)

# %%
# A scatter plot of the curvature's rank before a task:

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
rank = next(name for name in wide.columns if name.startswith("fisher_srank99"))
for learner, rows in wide.groupby("learner"):
    axes.scatter(rows[rank], rows["accuracy"], s=8, label=learner)
axes.set(xlabel="rank of the curvature before the task", ylabel="accuracy at its end")
axes.legend(frameon=False)
plt.show()

# %%
# The parameter norm goes with the accuracy of Adam, and hardly with that of L2-Init, whose penalty
# bounds it while accuracy still falls. The rank of the curvature goes with both. But a correlation
# within a run can be a common trend with time. ``plasticity-bench explain`` computes such numbers
# with intervals from stored results, and :doc:`Explanations </explanations>` says how far each
# measurement can be trusted.
