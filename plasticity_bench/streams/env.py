"""A stream as a gymnasium environment."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from plasticity_bench.streams.registry import stream_of
from plasticity_bench.streams.stream import Stream
from plasticity_bench.streams.task import Integers, Task
from plasticity_bench.streams.validation import checked_batches, checked_task

Observation = NDArray[np.float32]
ANY = float(np.finfo(np.float32).min), float(np.finfo(np.float32).max)


class StreamEnv(gymnasium.Env[Observation, Any]):
    """A stream as an environment; one step is one mini-batch.

    Observation: the inputs of a mini-batch, (batch_size, *input_shape).
    Action: the predicted classes, (batch_size,); with `logits=True` a score for each class,
    (batch_size, num_classes); for regression the predicted values, (batch_size, num_outputs).
    Reward: the share of the batch that was predicted right, in [0, 1]; for regression the mean
    squared error of the batch, negative.

    `info["targets"]` are the targets of the batch just predicted, (batch_size,) classes, -1 at a
    reset, or (batch_size, num_outputs) values, NaN at a reset. Where values are learnt from
    transitions, such as `ChangingRewards`, they are the rewards, and `info["next_inputs"]`, of the
    observation's shape, the states that followed, zero at a reset. `info["task"]`,
    `info["epoch"]` and `info["boundary"]` (is it the first of a new task?) describe the batch just
    observed. The episode terminates with the stream; its last observation is the batch last
    predicted.

    `reset(seed=...)` chooses the seed of the stream; without one, it is drawn at random.

    Attributes:
        stream: the stream.
        logits: whether actions are scores for each class.
        seed: the stream's seed since the last reset.
    """

    metadata = {"render_modes": []}  # noqa: RUF012

    def __init__(
        self,
        stream: str | Stream,
        *,
        logits: bool = False,
        render_mode: str | None = None,
        **parameters: object,
    ) -> None:
        self.stream = stream_of(stream, **parameters)
        self.render_mode = render_mode
        batch, outputs = self.stream.batch_size, self.stream.num_outputs
        self.observation_space = spaces.Box(
            *self.stream.input_bounds, (batch, *self.stream.input_shape), np.float32
        )
        self.logits = logits
        self.action_space = (
            spaces.Box(*ANY, (batch, outputs), np.float32)
            if logits or self.stream.regression
            else spaces.MultiDiscrete([outputs] * batch)
        )

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start the stream of a seed; return its first batch and info."""
        super().reset(seed=seed, options=options)
        self.seed = seed if seed is not None else int(self.np_random.integers(2**31))
        self._updates_before = 0
        self._begin_task(0)
        inputs, targets = self._batch()
        nothing = np.nan if self.stream.regression else -1
        return inputs, self._info(np.full_like(targets, nothing), np.zeros_like(inputs))

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Score the predictions for the last observed batch; return the next one.

        Raises:
            ValueError: if the action is not in the action space.
        """
        predictions = self._predictions(action)
        _, targets = self._batch()
        reward = self._reward(predictions, targets)
        following = targets[:0]
        if (transitions := self._task.bootstrap) is not None:
            rows = self._batches[self._update]
            targets, following = transitions.rewards[rows], transitions.next_inputs[rows]
        terminated = not self._advance()
        inputs, _ = self._batch()
        return inputs, reward, terminated, False, self._info(targets, following)

    @property
    def progress(self) -> float:
        """Share of the stream's updates before the batch just observed, in [0, 1)."""
        return (self._updates_before + self._update) / self.stream.num_updates

    def _predictions(self, action: Any) -> NDArray[Any]:
        """The action as an array, if it has the shape and the range of the action space."""
        predictions, space = np.asarray(action), self.action_space
        kind = "classes" if isinstance(space, spaces.MultiDiscrete) else "numbers"
        if predictions.shape != space.shape:
            raise ValueError(
                f"An action has the shape {space.shape}, one row of {kind} for the batch, not "
                f"{predictions.shape}."
            )
        if isinstance(space, spaces.MultiDiscrete):
            outputs = self.stream.num_outputs
            if predictions.dtype.kind not in "iu":
                raise ValueError(f"An action is whole numbers, not {predictions.dtype}.")
            if predictions.min() < 0 or predictions.max() >= outputs:
                raise ValueError(f"An action is classes from 0 to {outputs - 1}.")
        elif predictions.dtype.kind not in "iuf" or not np.isfinite(predictions).all():
            raise ValueError("An action is finite numbers.")
        return predictions

    def _reward(self, action: NDArray[Any], targets: NDArray[Any]) -> float:
        if self.stream.regression:
            return -float(np.mean((action.astype(np.float64) - targets) ** 2))
        predicted = action.argmax(-1) if self.logits else action
        return float(np.mean(predicted == targets))

    def _begin_task(self, index: int) -> None:
        self._index, self._update = index, 0
        self._task = checked_task(self.stream, self.seed, index)
        self._batches, self._left_over = checked_batches(self.stream, self.seed, index)
        if len(self._left_over):
            self._previous = checked_task(self.stream, self.seed, index - 1)

    def _advance(self) -> bool:
        """Move to the next batch; return whether there was one."""
        if self._update + 1 < len(self._batches):
            self._update += 1
        elif self._index + 1 < self.stream.num_tasks:
            self._updates_before += len(self._batches)
            self._begin_task(self._index + 1)
        else:
            return False
        return True

    def _batch(self) -> tuple[Observation, NDArray[Any]]:
        """The inputs and targets of the observed batch."""
        inputs, targets = self._rows(self._task, self._batches[self._update])
        if self._update < len(self._left_over):
            rows = self._left_over[self._update]
            old = rows >= 0
            inputs[old], targets[old] = self._rows(self._previous, rows[old])
        return inputs, targets

    def _rows(self, task: Task, rows: Integers) -> tuple[Observation, NDArray[Any]]:
        inputs: Observation = (
            task.inputs[rows]
            if task.inputs is not None
            else self.stream.inputs(task.examples[rows])  # type: ignore[index]
        )
        if task.input_permutation is not None:
            order = task.input_permutation
            inputs = inputs.reshape(-1, len(order))[:, order].reshape(inputs.shape)
        return inputs, task.targets[rows]

    def _info(self, targets: NDArray[Any], following: NDArray[Any]) -> dict[str, Any]:
        seen = self._update * self.stream.batch_size
        transitions = {} if self._task.bootstrap is None else {"next_inputs": following}
        return {
            "targets": targets,
            **transitions,
            "task": self._index,
            "epoch": seen // self.stream.size(self._index),
            "boundary": self._update == 0,
        }
