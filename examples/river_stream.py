"""A model of river's on a stream, example by example: its online accuracy.

pip install river
python examples/river_stream.py
"""

from collections.abc import Iterator

import gymnasium
import numpy as np
from river import evaluate, linear_model, metrics, optim

import plasticity_bench as pb


def examples(env: gymnasium.Env, seed: int) -> Iterator[tuple[dict[int, float], int]]:
    """Yield a stream's examples as river expects them, in the order in which learners see them.

    The inputs are flattened to a dictionary; the label is that of the example's task.
    """
    inputs, _ = env.reset(seed=seed)
    unused = np.zeros(env.action_space.shape, dtype=np.int64)  # river predicts, not this loop
    terminated = False
    while not terminated:
        following, _, terminated, _, info = env.step(unused)
        for row, target in zip(inputs.reshape(len(inputs), -1), info["targets"], strict=True):
            yield dict(enumerate(row.tolist())), int(target)
        inputs = following


if __name__ == "__main__":
    env = pb.make("plasticity/PermutedClassDigits-v0", num_tasks=3, updates_per_task=40)
    model = linear_model.SoftmaxRegression(optimizer=optim.SGD(0.1))
    accuracy = evaluate.progressive_val_score(
        examples(env, seed=0), model, metrics.Accuracy(), print_every=1280
    )
    print(accuracy)
