"""Wrappers of a stream's environment, against loops that do the same by hand."""

import gymnasium
import numpy as np
import pytest

import plasticity_bench as pb
from plasticity_bench.streams.env import StreamEnv

SMALL = {"num_tasks": 3, "updates_per_task": 8, "batch_size": 4}
NAME = "plasticity/RandomLabelDigits-v0"


def steps(env, seed=0):
    """Yield what an episode of zeros sees: the observation before each step, and its results."""
    observation, _ = env.reset(seed=seed)
    terminated = False
    while not terminated:
        seen = observation
        observation, reward, terminated, _, info = env.step(np.zeros(4, np.int64))
        yield seen, reward, info


def test_recorded_tasks_have_the_mean_reward_of_their_steps():
    env = pb.RecordTasks(pb.make(NAME, **SMALL))
    rewards = [reward for _, reward, _ in steps(env, seed=5)]
    frame = env.frame()
    assert frame["seed"].tolist() == [5, 5, 5]
    assert frame["task"].tolist() == [0, 1, 2]
    assert frame["updates"].tolist() == [8, 8, 8]
    expected = np.array(rewards).reshape(3, 8).mean(1)
    np.testing.assert_allclose(frame["reward"], expected)
    assert len(set(expected)) > 1  # the tasks differ, so that a mix-up would be seen


def test_a_second_episode_adds_to_the_record():
    env = pb.RecordTasks(pb.make(NAME, **SMALL))
    for seed in (0, 1):
        list(steps(env, seed))
    assert [(task["seed"], task["task"]) for task in env.tasks] == [
        (seed, task) for seed in (0, 1) for task in range(3)
    ]


def test_a_record_before_any_task_is_empty():
    env = pb.RecordTasks(pb.make(NAME, **SMALL))
    assert list(env.frame().columns) == ["seed", "task", "updates", "reward"]
    assert len(env.frame()) == 0


def test_time_is_the_share_of_the_updates_before():
    plain = [seen for seen, _, _ in steps(pb.make(NAME, **SMALL))]
    env = pb.TimeAware(pb.make(NAME, **SMALL))
    assert env.observation_space.shape == (4, 65)
    for update, (seen, _, _) in enumerate(steps(env)):
        assert seen in env.observation_space
        np.testing.assert_array_equal(seen[:, :-1], plain[update].reshape(4, 64))
        np.testing.assert_allclose(seen[:, -1], update / 24, rtol=1e-6)


def test_time_counts_tasks_of_different_lengths():
    env = pb.TimeAware(pb.make("plasticity/HeldOutDigits-v0", num_tasks=3, batch_size=4))
    lengths = [env.unwrapped.stream.updates(task) for task in range(3)]
    assert len(set(lengths)) > 1
    times = [seen[0, -1] for seen, _, _ in steps(env)]
    np.testing.assert_allclose(times, np.arange(sum(lengths)) / sum(lengths), rtol=1e-6)


def test_gradual_change_is_the_streams_own_transition():
    gradual = pb.GradualChange(pb.make(NAME, **SMALL), updates=6)
    own = pb.make(NAME, transition=6, **SMALL)
    abrupt = pb.make(NAME, **SMALL)
    seen = [
        [info["targets"].tolist() for _, _, info in steps(env)] for env in (gradual, own, abrupt)
    ]
    assert seen[0] == seen[1] != seen[2]


def test_gradual_change_that_is_longer_than_a_task_is_refused():
    with pytest.raises(pb.BadInputError, match="transition is 9, but a task has only 8 updates"):
        pb.GradualChange(pb.make(NAME, **SMALL), updates=9)


def test_wrappers_may_be_combined_with_those_of_gymnasium():
    env = pb.GradualChange(StreamEnv(NAME, **SMALL), updates=2)
    env = pb.RecordTasks(gymnasium.wrappers.RecordEpisodeStatistics(pb.TimeAware(env)))
    *_, (_, _, info) = steps(env)
    total = sum(task["updates"] * task["reward"] for task in env.tasks)
    assert info["episode"]["r"] == pytest.approx(total)


def test_another_environment_is_refused():
    with pytest.raises(TypeError, match="CartPoleEnv is not the environment of a stream"):
        pb.GradualChange(gymnasium.make("CartPole-v1"), updates=2)
