"""Own fresh copies: which are planned, their keys, what is selected, and what tables say."""

import csv
import io
import json
from dataclasses import replace

import pytest

import plasticity_bench as pb
from plasticity_bench.cli import main
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.results import LearnerOnStream, Results, select
from plasticity_bench.suite.contenders import Contender
from plasticity_bench.suite.loading import load_suite
from plasticity_bench.suite.own_fresh import is_own_fresh, own_fresh_of, with_own_fresh
from plasticity_bench.suite.planning import plan
from tests.support.tiny_suite import SUITE

STREAM = "RandomLabelDigits-v0"


@pytest.fixture
def suite(tmp_path):
    (tmp_path / "tiny.yaml").write_text(SUITE)
    return load_suite(str(tmp_path / "tiny.yaml"))


def group_of(suite, learner, told=False):
    suite = replace(suite, protocol=replace(suite.protocol, reveal_boundaries=told))
    return plan(suite, [Contender("mine", learner)], range(2))[0]


def test_every_learner_but_the_reference_has_a_copy(suite):
    groups = with_own_fresh(plan(suite, suite.contenders, range(2)))
    assert [(g.suite_stream.label, g.label) for g in groups if g.suite_stream.label == STREAM] == [
        (STREAM, "fresh"),
        (STREAM, "adam"),
        (STREAM, "adam (own fresh)"),
    ]
    adam, copy = (g for g in groups if g.suite_stream.label == STREAM and "adam" in g.label)
    assert copy.tasks == [3] and adam.tasks == [0, 1, 2, 3]
    assert (copy.num_updates, adam.num_updates) == (10, 40)
    for ours, theirs in zip(copy.runs, adam.runs, strict=True):
        assert ours.seed == theirs.seed and ours.key != theirs.key
        assert ours.is_own_fresh and not theirs.is_own_fresh
        assert ours.identity["learner"] == theirs.identity["learner"]


def test_how_often_a_learner_is_measured_does_not_change_its_copys_key(suite):
    often = replace(suite, protocol=replace(suite.protocol, curvature_every=1))
    one, other = (own_fresh_of(group_of(s, pb.Learner())).runs[0] for s in (suite, often))
    assert one.key == other.key
    other_rank = replace(suite, protocol=replace(suite.protocol, curvature_examples=8))
    assert own_fresh_of(group_of(other_rank, pb.Learner())).runs[0].key != one.key


class Restarts(pb.Learner):
    def begin_task(self, state, fresh, noise):
        """Begin anew."""
        return self.restart(fresh)


class RestartsInherited(Restarts):
    optimizer: str = "sgd"


class RestartsWithTheOldStep(pb.Learner):
    def begin_task(self, state, fresh, noise):
        return self.restart(fresh)._replace(step=state.step)


class RestartsTheState(pb.Learner):
    def begin_task(self, fresh, state, noise):  # positions, not names, say what is what
        return self.restart(fresh)


def test_what_restarts_itself_is_its_own_copy(suite):
    for learner in (Restarts(), RestartsInherited(), find_learner("fresh")()):
        assert is_own_fresh(group_of(suite, learner, told=True))
    told = [RestartsWithTheOldStep(), RestartsTheState(), find_learner("optimizer_reset")()]
    assert not any(is_own_fresh(group_of(suite, learner, told=True)) for learner in told)
    assert not is_own_fresh(group_of(suite, Restarts()))  # begin_task is never called


def test_labels_of_copies_are_not_for_others():
    with pytest.raises(pb.BadInputError, match="ends as those of learners' own fresh copies do"):
        Contender("adam (own fresh)", pb.Learner())


@pytest.fixture
def folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(SUITE)
    assert main(["run", "tiny.yaml", "--jobs", "1"]) == 0
    capsys.readouterr()
    (folder,) = (tmp_path / "results").iterdir()
    return folder


def printed(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    return code, capsys.readouterr().out


def test_copies_are_stored_selected_and_scored(folder, capsys):
    selection = select(Results(folder))
    assert selection.learners == ["fresh", "adam"]
    copies = selection.copies[LearnerOnStream(STREAM, "adam")]
    assert [run.seed for run in copies] == [0, 1]
    assert {run.learner for run, _ in selection.stored_copies} == {"adam (own fresh)"}
    assert selection.only(["fresh"]).copies == {}

    def final(run):
        return Results(folder).load(run).series("accuracy", "end")[3]

    frame = pb.load_results(folder)
    assert set(frame.learner) == {"fresh", "adam"}
    both = pb.load_results(folder, everything=True)
    assert set(both.learner) == {"fresh", "adam", "adam (own fresh)"} and both.selected.all()
    scores = frame.scores(by_seed=True).set_index(["stream", "learner", "seed"])
    for run, copy in zip(selection.groups[LearnerOnStream(STREAM, "adam")], copies):
        chance = Results(folder).load(run).series("chance", "start")[3]
        expected = (final(run) - chance) / (final(copy) - chance)
        assert scores.loc[STREAM, "adam", run.seed].retained_plasticity == pytest.approx(expected)
        assert scores.loc[STREAM, "fresh", run.seed].retained_plasticity == 1
    assert frame[frame.seed == 0].scores().num_seeds.tolist() == [1] * 4
    assert both.scores().equals(frame.scores())

    code, out = printed(capsys, "status", folder)
    assert code == 0 and out.count("adam (own fresh)") == 2
    _, out = printed(capsys, "table", folder, "--columns", "retained,online,test,time")
    assert "(own fresh)" not in out and "n/a" in out
    (retained,) = {
        row["retained_plasticity"]
        for row in csv.DictReader(
            io.StringIO(printed(capsys, "table", folder, "--format", "csv")[1])
        )
        if row["learner"] == "fresh"
    }
    assert float(retained) == 1
    assert (
        "retained plasticity"
        in printed(capsys, "compare", folder, "fresh", "adam", "--score", "retained")[1]
    )


def test_requests_of_earlier_versions_have_no_copies(folder, capsys):
    """Nothing is guessed: what is relative to a copy is n/a, and only copies are missing."""
    (file,) = (folder / "runs").iterdir()
    request = json.loads(file.read_text())
    request["groups"] = [g for g in request["groups"] if "own fresh" not in g["learner"]]
    for group in request["groups"]:
        del group["own_fresh"]
    file.write_text(json.dumps(request))
    assert select(Results(folder)).copies == {}
    rows = pb.load_results(folder).scores()
    assert rows.retained_plasticity.isna().all() and rows.curvature_retention.isna().all()
    assert rows.trainability.notna().all()
    main(["table", str(folder)])
    assert "no retained plasticity of fresh, adam" in capsys.readouterr().err
    main(["run", "tiny.yaml", "--jobs", "1"])
    assert "12 runs, 12 finished, 0 to do" in capsys.readouterr().err
    assert pb.load_results(folder).scores().retained_plasticity.notna().all()


def test_a_copy_of_other_settings_is_not_used(folder):
    (file,) = (folder / "runs").iterdir()
    request = json.loads(file.read_text())
    for group in request["groups"]:
        if group["learner"] == "adam (own fresh)":
            group["identity"]["learner"]["hyperparameters"]["step_size"] = 0.5
    file.write_text(json.dumps(request))
    assert select(Results(folder)).copies == {}
