"""Wrappers of a stream's environment, as gymnasium has them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import gymnasium
import numpy as np
from gymnasium import spaces

from plasticity_bench.streams.env import Observation, StreamEnv

if TYPE_CHECKING:
    import pandas as pd

Env = gymnasium.Env[Observation, Any]
Wrapper = gymnasium.Wrapper[Observation, Any, Observation, Any]


class RecordTasks(Wrapper):
    """Records the mean reward of each task: a classifier's online accuracy.

    Attributes:
        tasks: a dictionary for each task that was begun: `seed`, `task`, `updates`, the number of
            its steps, and `reward`, their mean. All episodes since the wrapper was made.
    """

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.tasks: list[dict[str, float]] = []

    def reset(self, **arguments: Any) -> tuple[Observation, dict[str, Any]]:
        """Reset the environment and begin the record of its first task."""
        observation, info = self.env.reset(**arguments)
        self._begin(info)
        return observation, info

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Take a step and add its reward to the record of the task it was of."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        task = self.tasks[-1]
        task["updates"] += 1
        task["reward"] += (float(reward) - task["reward"]) / task["updates"]
        if info["boundary"] and not terminated:
            self._begin(info)
        return observation, float(reward), terminated, truncated, info

    def frame(self) -> "pd.DataFrame":
        """Return `tasks` as a data frame, one row for each."""
        import pandas as pd

        return pd.DataFrame(self.tasks, columns=["seed", "task", "updates", "reward"])

    def _begin(self, info: Mapping[str, Any]) -> None:
        task = {"seed": _stream_env(self).seed, "task": info["task"], "updates": 0, "reward": 0.0}
        self.tasks.append(task)


class TimeAware(gymnasium.ObservationWrapper[Observation, Any, Observation]):
    """Appends to each example how much of the stream has passed, in [0, 1).

    Inputs are flattened: the observation is (batch_size, number of inputs + 1).
    """

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        space = cast(spaces.Box, env.observation_space)
        rows = len(space.low)
        low, high = space.low.reshape(rows, -1), space.high.reshape(rows, -1)
        zeros, ones = np.zeros((rows, 1), np.float32), np.ones((rows, 1), np.float32)
        self.observation_space = spaces.Box(np.hstack([low, zeros]), np.hstack([high, ones]))

    def observation(self, observation: Observation) -> Observation:
        """Return the flattened inputs and the time."""
        rows = len(observation)
        passed = np.full((rows, 1), _stream_env(self).progress, np.float32)
        return np.hstack([observation.reshape(rows, -1), passed])


class GradualChange(Wrapper):
    """Makes tasks change into each other gradually, from the next reset on.

    Args:
        env: an environment of a stream.
        updates: how many updates at the start of each task but the first still see examples of the
            previous task, with a probability that falls linearly from 1 to 0: the stream's
            parameter `transition`.

    Raises:
        BadInputError: if `updates` is negative or longer than a task.
    """

    def __init__(self, env: Env, updates: int) -> None:
        super().__init__(env)
        inner = _stream_env(env)
        inner.stream = replace(inner.stream, transition=updates)


def _stream_env(env: Env) -> StreamEnv:
    """Return the stream's environment below wrappers, those of gymnasium included."""
    if not isinstance(inner := env.unwrapped, StreamEnv):
        raise TypeError(f"{type(inner).__name__} is not the environment of a stream.")
    return inner
