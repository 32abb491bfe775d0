"""
A first learner
===============

A learner says how parameters are changed by a mini-batch. Here is one in a few lines: Adam with a
penalty on the distance from the initial parameters. It is evaluated on a stream of tasks with
random labels, beside a fresh copy of itself.
"""

# %%
# The learner
# -----------
#
# ``penalty`` is added to the loss. ``state.initial`` has the initial parameters. Class attributes
# with a type are hyperparameters. The base class brings Adam.

import plasticity_bench as pb


class TowardsInitial(pb.Learner):
    """Adam with L2 regularisation towards the initial parameters."""

    step_size: float = 3e-3
    strength: float = 1e-2

    def penalty(self, params, state):
        return self.strength * sum(
            (value - state.initial[name]).square().sum() for name, value in params.items()
        )


# %%
# The stream
# ----------
#
# In each task 64 images of digits get new random labels, which have to be memorised. A short stream
# of 15 tasks is enough to see a difference.

stream = pb.make_stream(
    "plasticity/RandomLabelDigits-v0", num_examples=64, num_tasks=15, updates_per_task=100
)

# %%
# Scores
# ------
#
# ``evaluate`` trains the learner on the stream with three seeds at once, and the two controls: its
# own fresh copy, and a reference that starts each task from new parameters.

network = {"hidden": [32, 32]}
penalised = pb.evaluate(TowardsInitial(), stream, seeds=3, network=network)
penalised

# %%
# Trainability is the accuracy on the last tasks, relative to the reference. Retained plasticity is
# the same relative to the learner's own fresh copy: 1 is "nothing was lost". Without the penalty:

plain = pb.evaluate(TowardsInitial(strength=0.0), stream, seeds=3, network=network)
plain

# %%
# Learning curves
# ---------------
#
# ``frame`` has all numbers: one row for each learner, seed, task and measurement.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
for label, result in (("with the penalty", penalised), ("without", plain)):
    frame = result.frame
    frame = frame[(frame.learner == "TowardsInitial") & (frame.measurement == "accuracy")]
    mean = frame[frame.when == "end"].groupby("task").value.mean()
    axes.plot(mean.index, mean, marker="o", markersize=3, label=label)
axes.set(xlabel="task", ylabel="accuracy at the end", xticks=range(0, 15, 5), ylim=(0, 1.05))
axes.legend(frameon=False)
plt.show()

# %%
# A suite does this for many learners and streams, with tuned settings and stored results:
# ``plasticity-bench run quick --learner my_module:TowardsInitial``.
