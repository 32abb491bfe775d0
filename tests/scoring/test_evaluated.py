"""A learner on a stream in one call: the scores are those of a suite, whatever the stream."""

import numpy as np
import pytest

import plasticity_bench as pb
from plasticity_bench.cli import main
from plasticity_bench.errors import BadInputError
from plasticity_bench.learners.lookup import find_learner

SMALL = {"num_tasks": 3, "updates_per_task": 20}


def digits(**changes):
    given = {**SMALL, "num_examples": 40, **changes}
    return pb.make_stream("plasticity/RandomLabelDigits-v0", **given)


SUITE = """\
suite: test/evaluated-v0
streams:
  - id: plasticity/RandomLabelDigits-v0
    num_tasks: 3
    updates_per_task: 20
    num_examples: 40
    network: {hidden: [8]}
learners: [fresh, {name: l2, strength: 0.01}]
seeds: 2
"""


@pytest.mark.slow
def test_its_scores_are_those_of_a_suite(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "suite.yaml").write_text(SUITE)
    assert main(["run", "suite.yaml", "--jobs", "1"]) == 0
    (results,) = (tmp_path / "results").iterdir()
    stored = pb.load_results(results).scores(by_seed=True)
    stored = stored[stored.learner == "l2"].set_index("seed").drop(columns=["stream", "learner"])
    learner = find_learner("l2")(strength=0.01)
    done = pb.evaluate(learner, digits(), seeds=2, network={"hidden": [8]})
    here = done.scores.set_index("seed")
    columns = [c for c in here if c != "seconds"]
    np.testing.assert_array_equal(stored[columns].to_numpy(float), here[columns].to_numpy(float))


def test_a_notebook_shows_a_table_and_a_cell_can_be_run_again():
    class Mine(pb.Learner):
        """Plain Adam."""

    first, again = (pb.evaluate(Mine, digits(), 2) for _ in range(2))
    assert "Mine" in repr(first) and repr(first) == repr(again)
    assert first._repr_html_().startswith("<table>")
    assert first.scores.seed.tolist() == [0, 1]
    assert set(first.frame.learner) == {"Mine", "Mine (own fresh)", "Fresh (reference)"}
    mine = first.frame[first.frame.learner == "Mine"]
    assert len(mine) == 2 * len(first.evaluation.measurements)


STREAMS = [name for name in pb.registered_streams() if name.startswith("plasticity/")]
STREAMS.remove("plasticity/WarmStartDigits-v0")  # its number of tasks is fixed, and it is longer


@pytest.mark.slow
@pytest.mark.parametrize("name", STREAMS)
def test_its_defaults_work_on_every_stream(name):
    stream = pb.make_stream(name, **SMALL)
    done = pb.evaluate("adam", stream, seeds=1)
    assert len(done.scores) == 1
    assert np.isfinite(done.frame.value).any()


def test_a_population_and_a_protocol_give_an_evaluation():
    stream = digits()
    network = pb.NetworkSpec(hidden=(8,), input_shape=(8, 8), num_outputs=10)
    for given in ({}, {"protocol": pb.Protocol(curvature_examples=16)}):
        population = pb.Population([pb.Replica(0, pb.Learner())], network)
        protocol = () if given else (pb.Protocol(curvature_examples=16),)
        assert isinstance(pb.evaluate(stream, population, *protocol, **given), pb.Evaluation)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("adma",), "Did you mean 'adam'?"),
        (("adam", "plasticity/RandomLabelDigit-v0"), "Did you mean"),
        (("adam", 3), "stream is an id or a Stream that was made, not 3"),
        (("adam", digits(), 0), "seeds is how many, at least 1"),
        (("adam", digits(), 1, {"hidde": [3]}), "has no 'hidde'"),
        (("adam", digits(), 1, "mlp"), "network is a NetworkSpec, or its keys .*, not 'mlp'"),
        ((3,), "Learner 3: it is not a subclass of plasticity_bench.Learner"),
    ],
)
def test_a_mistake_is_one_sentence(arguments, expected):
    with pytest.raises(BadInputError, match=expected):
        pb.evaluate(*arguments)


def test_another_argument_is_refused():
    with pytest.raises(BadInputError, match="protocol is a Protocol, not {'curvature_every': 1}"):
        pb.evaluate("adam", digits(), protocol={"curvature_every": 1})
    with pytest.raises(BadInputError, match="has no argument 'sedes'"):
        pb.evaluate("adam", digits(), sedes=3)


def test_seeds_are_numbers_of_any_kind_and_differ():
    done = pb.evaluate("adam", digits(), seeds=np.int64(1), network={"hidden": [8]})
    assert set(done.frame["seed"]) == {0}
    with pytest.raises(pb.BadInputError, match="one twice"):
        pb.evaluate("adam", digits(), seeds=[0, 1, 0])


def test_an_object_is_checked_as_its_class_is():
    class Own(pb.Learner):
        @classmethod
        def penalty(cls, params, state):
            return params["head.bias"].sum()

    for learner in (Own, Own()):
        with pytest.raises(pb.BadInputError, match="Own, hook penalty: it must be a method"):
            pb.evaluate(learner, "plasticity/RandomLabelDigits-v0", seeds=1)
