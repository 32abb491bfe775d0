"""Forged submissions: each breaks one rule, and is refused by the sentence of that rule."""

import contextlib
import json
import os
import shutil
from hashlib import sha256

import pyarrow as pa
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plasticity_bench.cli import main
from plasticity_bench.leaderboard.manifest import MANIFEST, MEASUREMENTS
from plasticity_bench.leaderboard.validation import FORMAL, NUMBERS, validate
from plasticity_bench.results.run import own_fresh_label
from tests.leaderboard.conftest import LEARNER, NAMES
from tests.support.entries import (
    change_manifest,
    change_runs,
    change_source,
    copy_of,
    put,
    runs_of_trial,
)


def verdict(folder):
    return validate(folder, str(folder.parents[2] / "tiny.yaml"))


def own(info):
    return info["learner"] == NAMES["mine"]


def edit(name, change, when="end", tasks=(3,), whose=own):
    """A change of the stored values of one measurement."""

    def changed(info, rows):
        if whose(info):
            for row in rows:
                if row[2] == name and row[1] == when and row[0] in tasks:
                    row[3] = change(row[3])

    return lambda folder: change_runs(folder, changed)


def identity(change, whose=own):
    """A change of what runs say that they are."""

    def changed(info, rows):
        if whose(info):
            change(info["identity"])

    return lambda folder: change_runs(folder, changed)


def manifest(change):
    return lambda folder: change_manifest(folder, change)


def dropped(choose):
    return lambda folder: change_runs(folder, lambda info, rows: not choose(info))


def linked(folder):
    (folder / "source" / "more.py").symlink_to("/etc/hostname")


def a_link_to_a_folder(folder):
    (folder / "source" / "more").symlink_to("/etc")


def huge(folder):
    os.truncate(folder / MEASUREMENTS, 9 * 2**20)


def many_files(folder):
    for number in range(101):
        (folder / f"{number}.txt").touch()


def stray(name):
    def add(folder):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("import os")

    return add


def escaping(folder):
    (folder.parent / "escaped.py").write_text("")
    change_manifest(folder, lambda m: m["learner"]["source"].append("source/../../escaped.py"))


def edited_source(folder):
    (folder / "source" / "my_module.py").write_text(LEARNER + "\nA = 1\n")


def no_parquet(folder):
    (folder / MEASUREMENTS).write_bytes(b"PAR1")
    digest = sha256(b"PAR1").hexdigest()
    change_manifest(folder, lambda m: m.update(measurements_sha256=digest))


def other_bytes(folder):
    with (folder / MEASUREMENTS).open("ab") as file:
        file.write(b" ")


def renamed(folder):
    change_manifest(folder, lambda m: m.update(name="another"))


def twice(folder):
    runs = runs_of_trial(folder)
    put(folder, [*runs, runs[0]])


def foreign_runs(folder):
    def change(info, rows):
        if own(info) and info["seed"] == 1:
            info["learner"] = "another"

    change_runs(folder, change)


def copied(info):
    """Whether a run is of the learner's own fresh copy."""
    return info["learner"] == own_fresh_label(NAMES["mine"])


def two_configurations(folder):
    def change(info, rows):
        if (own(info) or copied(info)) and info["stream"] == "pixels":
            info["identity"]["learner"]["hyperparameters"]["beta2"] = 0.5

    change_runs(folder, change)
    settings = lambda m: m["learner"]["hyperparameters"]["pixels"]  # noqa: E731
    change_manifest(folder, lambda m: settings(m).update(beta2=0.5))


def record(change):
    """A change of the record of the search, with hashes that fit everywhere."""

    def changed(folder):
        path = folder / "tuning.yaml"
        content = yaml.safe_load(path.read_text())
        change(content)
        path.write_text(yaml.safe_dump(content))
        digest = sha256(path.read_bytes()).hexdigest()
        change_manifest(folder, lambda m: m["tuning"].update(sha256=digest))
        named = lambda info, rows: own(info) and info["tuned"].update(sha256=digest)  # noqa: E731
        change_runs(folder, lambda info, rows: named(info, rows) or True)

    return changed


def not_named(folder):
    """The record is there, but some runs come from no search."""

    def change(info, rows):
        if own(info) and info["seed"] == 2:
            del info["tuned"]

    change_runs(folder, change)


def left_out(folder):
    """The last task, which went badly, is left out."""

    def change(info, rows):
        rows[:] = [row for row in rows if not (own(info) and row[0] == 3 and row[2] == "accuracy")]

    change_runs(folder, change)


def measured_twice(folder):
    def change(info, rows):
        if own(info):
            rows.append([3, "end", "accuracy", 1.0])

    change_runs(folder, change)


def never_diverged(folder):
    """A replica that diverged is called complete."""

    def change(info, rows):
        if own(info) and info["seed"] == 0:
            info["diverged_at"] = 2

    change_runs(folder, change)


def swapped(folder):
    """What was measured with seed 0 is given out for seed 1, and the other way round."""
    runs = {(i["learner"], i["stream"], i["seed"]): rows for i, rows in runs_of_trial(folder)}

    def change(info, rows):
        if own(info) and info["seed"] < 2:
            rows[:] = runs[info["learner"], info["stream"], 1 - info["seed"]]

    change_runs(folder, change)


def curves(rows):
    return [row for row in rows if row[2] not in ("chance", "dead_rank")]


def a_good_seed_again(folder):
    """A bad seed has the numbers of a good one, but its own chance."""
    runs = {(i["learner"], i["stream"], i["seed"]): rows for i, rows in runs_of_trial(folder)}

    def change(info, rows):
        if own(info) and info["seed"] == 2:
            good = runs[info["learner"], info["stream"], 0]
            rows[:] = [row for row in rows if row not in curves(rows)] + curves(good)

    change_runs(folder, change)


def copied_from_adam(folder):
    theirs = {(i["stream"], i["seed"]): r for i, r in runs_of_trial(folder.parent / "adam")
              if i["learner"] == "adam"}  # fmt: skip

    def change(info, rows):
        if own(info):
            rows[:] = theirs[info["stream"], info["seed"]]

    change_runs(folder, change)


def reference(info):
    return info["learner"] == "fresh"


def moved_reference(folder):
    """Accuracies of the reference are moved between seeds, so that their mean stays the same."""
    runs = {(i["learner"], i["stream"], i["seed"]): rows for i, rows in runs_of_trial(folder)}

    def change(info, rows):
        if reference(info) and info["seed"] < 2:
            other = runs[info["learner"], info["stream"], 1 - info["seed"]]
            kept = [row for row in rows if row[2] != "accuracy"]
            rows[:] = kept + [row for row in other if row[2] == "accuracy"]

    change_runs(folder, change)


def varying_reference(folder):
    """As on a GPU, but moved further than rounding does."""

    def change(info, rows):
        if reference(info):
            info["execution"]["device"] = "cuda"
            for row in rows:
                row[3] -= 0.025 if row[2] == "accuracy" else 0

    change_runs(folder, change)


def more_seeds(folder):
    """A seed that the published reference lacks."""
    runs = runs_of_trial(folder)
    more = [[json.loads(json.dumps(i)), rows] for i, rows in runs if i["seed"] == 2]
    for info, _ in more:
        info["seed"] = info["identity"]["seed"] = 3
    put(folder, [*runs, *more])
    change_runs(folder, lambda info, rows: True)


def unpublished_reference(folder):
    shutil.rmtree(folder.parent / "fresh")


def diverged_reference(folder):
    """On one stream, so that no entry has a score there any more."""

    def change(info, rows):
        if reference(info) and info["stream"] == "pixels":
            info.update(status="diverged", diverged_at=3)
            for row in rows:
                row[3] = float("nan") if row[:2] == [3, "end"] else row[3]

    change_runs(folder, change)


def a_seed_far_beyond(folder):
    def change(info, rows):
        if own(info) and info["seed"] == 2:
            info["seed"] = info["identity"]["seed"] = 10**7

    change_runs(folder, change)


def boundaries_hidden(folder):
    change_source(folder, LEARNER + "\n    def begin_task(self, state, fresh, noise):\n        x\n")


def boundaries_assigned(folder):
    change_source(folder, LEARNER + "\n    begin_task = print\n")


def boundaries_of_a_namesake(folder):
    base = "class Learner:\n    def begin_task(self): ...\n"
    text = LEARNER.replace("(pb.Learner)", "(Learner)")
    assert text != LEARNER
    change_source(folder, base + text)


def more_source(*names, imported=True):
    """More files in the source, listed and hashed; the learner's module imports them, or not."""

    def add(folder):
        lines = [f"import {name.removesuffix('.py').replace('/', '.')}\n" for name in names]
        for name in names:
            path = folder / "source" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text("x = 1\n")
        listed = [f"source/{name}" for name in names]
        change_manifest(folder, lambda m: m["learner"]["source"].extend(listed))
        change_source(folder, ("".join(lines) if imported else "") + LEARNER)

    return add


def renamed_class(folder):
    """The class is looked up in another module than the one that is shown."""
    change_manifest(folder, lambda m: m["learner"].update(reference="another:Learner"))


def moved_text(folder):
    """Text is moved from one file of the source to the next; joined they are the same."""
    more_source("more.py")(folder)
    first, second = folder / "source" / "my_module.py", folder / "source" / "more.py"
    lines = first.read_text().splitlines(keepends=True)
    first.write_text("".join(lines[:-1]))
    second.write_text(lines[-1].lstrip() + second.read_text())


def times(**parts):
    """Other times of all the learner's runs, in seconds."""

    def change(info, rows):
        if own(info):
            info["seconds"].update(parts)

    return lambda folder: change_runs(folder, change)


def versions(value):
    def change(info, rows):
        if own(info):
            info["environment"]["packages"]["torch"] = value

    return lambda folder: change_runs(folder, change)


def the_reference_under_another_label(folder):
    """Its code is the reference's, and it was told of boundaries as the reference is."""
    source = folder.parent / "fresh" / "source" / "baselines"
    shutil.rmtree(folder / "source")
    shutil.copytree(source, folder / "source" / "baselines")
    stated = json.loads((folder.parent / "fresh" / MANIFEST).read_text())["learner"]
    theirs = [i["identity"] for i, _ in runs_of_trial(folder.parent / "fresh")]

    def change(info, rows):
        if own(info) or copied(info):
            info["identity"]["learner"] = theirs[0]["learner"]
        if own(info):
            info["identity"]["protocol"] = theirs[0]["protocol"]
            del info["tuned"]

    change_runs(folder, change)
    (folder / "tuning.yaml").unlink()
    change_manifest(folder, lambda m: m["learner"].update({**stated, "label": NAMES["mine"]}))
    change_manifest(
        folder,
        lambda m: m.update(tuning=None, flags={**m["flags"], "boundaries": True}),
    )


def a_cheaper_baseline(folder):
    """A baseline that needs more than its flags say."""
    adam = folder.parent / "adam"
    shutil.rmtree(folder)
    shutil.copytree(adam, folder)
    shutil.rmtree(adam)
    change_manifest(folder, lambda m: m.update(name="mine", flags={**m["flags"], "flops": 0.5}))


FORGERIES = {
    # what lies in the folder
    "a link": ("plain_files", linked),
    "a link to a folder": ("plain_files", a_link_to_a_folder),
    "many files": ("plain_files", many_files),
    "a huge file": ("sizes", huge),
    "a stray file": ("belonging", stray("notes.txt")),
    "code among the records": ("belonging", stray("verification/run.py")),
    "code that is not listed": ("belonging", stray("source/more.py")),
    "a path that escapes": ("belonging", escaping),
    "no source": ("belonging", lambda f: (f / "source" / "my_module.py").unlink()),
    "no record of the search": ("belonging", lambda f: (f / "tuning.yaml").unlink()),
    "source changed afterwards": ("hashes", edited_source),
    "record changed afterwards": ("hashes", lambda f: (f / "tuning.yaml").write_text("a: 1")),
    # what it says of itself
    "no manifest": ("readable", lambda f: (f / MANIFEST).unlink()),
    "another format": ("readable", manifest(lambda m: m.update(format=1))),
    "an unknown key": ("readable", manifest(lambda m: m.update(verified=True))),
    "no authors": ("readable", manifest(lambda m: m.update(authors=[]))),
    "a link that is none": ("readable", manifest(lambda m: m.update(paper="javascript:x"))),
    "a name that terminals obey": ("readable", manifest(lambda m: m.update(authors=["\x1b[2J"]))),
    "measurements changed afterwards": ("readable", other_bytes),
    "no Parquet file": ("readable", no_parquet),
    "a run twice": ("readable", twice),
    "cells of another learner": ("readable", foreign_runs),
    "another name": ("place", renamed),
    "another version of the suite": (
        "place",
        manifest(lambda m: m["suite"].update(hash="00000000")),
    ),
    "an identity of another shape": ("learner", identity(lambda i: i.update(learner=[1]))),
    # what was run
    "a bad seed left out": ("complete", dropped(lambda i: own(i) and i["seed"] == 1)),
    "a stream left out": ("complete", dropped(lambda i: own(i) and i["stream"] == "pixels")),
    "a reference that lacks a seed": (
        "complete",
        dropped(lambda i: i["learner"] == "fresh" and i["seed"] == 2),
    ),
    "a seed far beyond": ("complete scored_seeds", a_seed_far_beyond),
    "another seed than stated": (
        "scored_seeds",
        identity(lambda i: i.update(seed=i["seed"] + 100)),
    ),
    "shorter tasks": (
        "streams_and_networks",
        identity(lambda i: i["stream"]["parameters"].update(updates_per_task=10)),
    ),
    "another stream's code": (
        "streams_and_networks",
        identity(lambda i: i["stream"].update(source="0" * 64)),
    ),
    "another evaluator": ("evaluator", identity(lambda i: i.update(evaluator=0))),
    "no evaluator": ("evaluator", identity(lambda i: i.pop("evaluator"))),
    "a wider network": (
        "streams_and_networks",
        identity(lambda i: i["network"].update(hidden=[64])),
    ),
    "other data": ("fingerprints", identity(lambda i: i["stream"].update(fingerprint="0" * 64))),
    "boundaries told": (
        "protocol",
        identity(lambda i: i["protocol"].update(reveal_boundaries=True)),
    ),
    "less measured": (
        "protocol",
        identity(lambda i: i["protocol"].update(curvature_every=3)),
    ),
    "cells of other code": ("learner", identity(lambda i: i["learner"].update(source="0" * 64))),
    "cells of another class": (
        "learner",
        identity(lambda i: i["learner"].update({"class": "Other"})),
    ),
    "other settings than stated": (
        "learner",
        identity(lambda i: i["learner"]["hyperparameters"].update(beta1=0.5)),
    ),
    "a hobbled reference": (
        "reference_settings",
        identity(lambda i: i["learner"]["hyperparameters"].update(step_size=1e-6), reference),
    ),
    "a reference of other code": (
        "reference_settings",
        identity(lambda i: i["learner"].update(source="0" * 64), reference),
    ),
    "settings for each stream": ("one_configuration", two_configurations),
    # how its settings were found
    "tuned on scored seeds": ("tuning", record(lambda r: r["tuning"].update(seeds=[1]))),
    "tuned on scored tasks": (
        "tuning",
        record(lambda r: r["learners"]["my_module:Learner"]["tried"][0].update(tasks=99)),
    ),
    "tuned on another suite": (
        "tuning",
        record(lambda r: r.update(suite="test/other-v0@00000000")),
    ),
    "other settings than chosen": (
        "tuning",
        record(lambda r: r["learners"]["my_module:Learner"]["chosen"].update(step_size=0.5)),
    ),
    "a search for another learner": ("tuning", record(lambda r: r["learners"].clear())),
    "no record at all": ("tuning", record(lambda r: r.pop("learners"))),
    "cells that name no search": ("tuning", not_named),
    # what its code does
    "boundaries that the flag hides": ("boundaries", boundaries_hidden),
    "boundaries by assignment": ("boundaries", boundaries_assigned),
    "boundaries of a base of the same name": ("boundaries", boundaries_of_a_namesake),
    "a flag without reason": (
        "boundaries",
        manifest(lambda m: m["flags"].update(boundaries=True)),
    ),
    "source without the class": (
        "boundaries",
        lambda f: change_source(f, LEARNER.replace("class Learner", "class Another")),
    ),
    "source that is no Python": ("boundaries", lambda f: change_source(f, "class Learner(")),
    "a module of Python's name": ("source_names", more_source("json.py")),
    "a module of an installed package's name": ("source_names", more_source("tabulate.py")),
    "a file in an installed package": ("source_names", more_source("yaml/more.py")),
    "a module of ours": ("source_names", more_source("plasticity_bench/errors.py")),
    "a baseline that is not shipped": ("source_names", more_source("baselines/l2.py")),
    "a file that nothing imports": ("source_names", more_source("more.py", imported=False)),
    "a class of another module": ("class_name", renamed_class),
    "text moved between files": ("hashes", moved_text),
    # what was measured
    "a bad task left out": ("tasks", left_out),
    "a task measured twice": ("tasks", measured_twice),
    "accuracy that is no number": ("finite", edit("accuracy", lambda _: float("nan"))),
    "divergence denied": ("finite", never_diverged),
    "accuracy above one": ("bounds", edit("accuracy", lambda _: 1.5)),
    "rank above the examples": (
        "bounds",
        edit("fisher_srank99_n16", lambda _: 500.0, "start"),
    ),
    "half an example": ("counts", edit("accuracy", lambda _: 0.7 + 0.0125)),
    "lower chance": ("chance", edit("chance", lambda v: v / 2, "start")),
    "losses too good for the accuracies": ("losses", edit("loss", lambda v: 1e-3)),
    "fractional ranks": ("ranks", edit("fisher_srank99_n16", lambda v: v - 0.5, "start")),
    "the same rank everywhere": (
        "ranks",
        edit("fisher_srank99_n16", lambda v: 14.0, "start", tasks=range(4)),
    ),
    "a version that does not exist": ("versions", versions("99")),
    "a version that is none": ("versions", versions("x" * 500)),
    "negative seconds": ("readable", times(train=-1.0)),
    "no seconds": ("cost", times(train=0.0, measure=0.0)),
    "trained in no time": ("cost", times(train=0.0)),
    "infinite seconds": ("readable", times(train=float("inf"))),
    "seconds that no float can hold": ("readable", times(prepare=10**400)),
    "a name of 20 kB": ("readable", manifest(lambda m: m.update(authors=["a" * 20_000]))),
    "a long text": (
        "readable",
        manifest(lambda m: m["environments"][0].update(processor="a" * 20_000)),
    ),
    "a Cyrillic letter among Latin ones": (
        "readable",
        manifest(lambda m: m.update(authors=["\u0410. B"], licence="\u041cIT")),
    ),
    "the reference under another label": (
        "reference_settings protocol",
        the_reference_under_another_label,
    ),
    "flags that a baseline does not have": ("flags", a_cheaper_baseline),
    "swapped seeds": ("chance", swapped),
    "a reference made worse": (
        "reference",
        edit("accuracy", lambda v: round(40 * v - 8) / 40, whose=reference),
    ),
    "a reference made flatter": (
        "reference",
        edit("fisher_srank99_n16", lambda v: v - 2, "start", whose=reference),
    ),
    "a reference that diverged": ("reference", diverged_reference),
    "a reference whose accuracies are moved between seeds": ("reference", moved_reference),
    "a reference on a GPU that is further away than rounding": ("reference", varying_reference),
    "no published reference": ("reference", unpublished_reference),
    "more seeds than the published reference": ("reference chance own_curves", more_seeds),
    "edited scores": (
        "scores",
        manifest(lambda m: m["scores"]["labels"].update(trainability=[1.0, 1.0, 1.0])),
    ),
    "a stream without scores": ("scores", manifest(lambda m: m["scores"].pop("labels"))),
    "cheaper than it was": ("cost", manifest(lambda m: m["cost"].update(seconds_per_seed=0.001))),
    "fewer updates": ("cost", manifest(lambda m: m["cost"].update(updates=1))),
    "another machine": ("cost", manifest(lambda m: m["environments"][0].update(cores=999))),
    "a good seed again": ("own_curves", a_good_seed_again),
    "copied curves": ("copied_curves", copied_from_adam),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_refused_by_its_rule_alone(entry, name):
    rule, forge = FORGERIES[name]
    forge(entry)
    found = verdict(entry)
    assert {fault.partition(":")[0] for fault in found.failures} == {*rule.split()}, found.failures


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_what_our_own_commands_make_is_valid(entry, name):
    found = verdict(entry.parent / name)
    of_its_code = ["its costs, which only its record can tell: verify it"]
    assert (found.failures, found.notes) == ([], of_its_code if name == "mine" else [])


@pytest.mark.parametrize("name", ["author", "stream", "file"])
def test_nothing_of_an_entry_is_obeyed_by_a_terminal_or_a_ci_system(entry, capsys, name):
    told = "\n::error::forged \x1b[2J"
    if name == "author":
        change_manifest(entry, lambda m: m.update(authors=[told]))
    elif name == "stream":
        identity(lambda i: i.update(evaluator=told))(entry)
    else:
        (entry / told).touch()
    assert main(["validate", str(entry), "--suite", str(entry.parents[2] / "tiny.yaml")]) == 2
    printed = capsys.readouterr()
    assert "\x1b" not in printed.out + printed.err
    assert not any(line.startswith("::") for line in (printed.out + printed.err).splitlines())


def test_every_rule_has_a_forgery():
    forged = {rule for rules, _ in FORGERIES.values() for rule in rules.split()}
    assert {rule.__name__ for rule in (*FORMAL, *NUMBERS)} <= forged


def test_submitted_code_is_never_run(entry, tmp_path):
    """Its source writes a file when it is imported; the entry is valid all the same."""
    mark = tmp_path / "was_run"
    change_source(entry, f"open({str(mark)!r}, 'w').close()\n{LEARNER}")
    assert verdict(entry).failures == []
    assert not mark.exists()
    exec(compile((entry / "source" / "my_module.py").read_text().splitlines()[0], "x", "exec"))
    assert mark.exists()  # it would have


def test_forging_without_a_change_leaves_an_entry_valid(entry):
    """So that a forgery is refused for what it changes, not for being written anew."""
    change_runs(entry, lambda info, rows: True)
    change_source(entry, LEARNER)
    record(lambda content: None)(entry)
    assert verdict(entry).failures == []


def test_the_command_says_all_and_compares(entry, capsys, monkeypatch):
    monkeypatch.chdir(entry.parents[2])
    bad = entry.parent / "adam"
    change_manifest(bad, lambda m: m["cost"].update(updates=1))
    assert main(["validate", str(entry), str(bad), "--suite", "tiny.yaml"]) == 2
    told = capsys.readouterr()
    assert "mine: valid." in told.err
    assert "adam: cost: cost.updates is not that of the suite." in told.err
    assert "mine - adam" in told.out
    assert "adam - mine" not in told.out


def test_without_the_data_fingerprints_are_those_of_published_entries(entry, monkeypatch):
    monkeypatch.setattr("plasticity_bench.leaderboard.rules_identity.has_data", lambda run: False)
    monkeypatch.setattr("plasticity_bench.leaderboard.rules_measured.has_data", lambda run: False)
    found = verdict(entry)
    assert found.failures == []
    assert [note for note in found.notes if "chance is not checked" in note]
    identity(lambda i: i["stream"].update(fingerprint="0" * 64))(entry)
    assert verdict(entry).failures[0].startswith("fingerprints: ")


def test_without_the_data_swapped_seeds_differ_from_the_published_reference(entry, monkeypatch):
    monkeypatch.setattr("plasticity_bench.leaderboard.rules_measured.has_data", lambda run: False)
    edit("chance", lambda v: v / 2, "start", whose=reference)(entry)
    rules = {fault.partition(":")[0] for fault in verdict(entry).failures}
    assert rules == {"reference"}


def test_a_damaged_folder_is_refused_without_a_traceback(tmp_path):
    for folder in (tmp_path / "nothing", tmp_path):
        assert verdict(tmp_path / "a" / "b" / folder.name).failures[0].startswith("readable: ")
    path = tmp_path / "a" / "b" / "deep"
    path.mkdir(parents=True)
    (path / MANIFEST).write_text("[" * 100_000)
    assert verdict(path).failures[0].startswith("readable: ")
    (path / MANIFEST).write_text(json.dumps({"format": 1}))
    assert verdict(path).failures[0].startswith("readable: ")


# ---- whatever a manifest holds ------------------------------------------------------------------

VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=8),
        st.sampled_from(["../../x", "\x00", "source/../../etc/passwd", "/etc/passwd", 10**400]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None, derandomize=True, database=None,
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(data=st.data())
def test_any_manifest_is_valid_or_is_told_what_is_wrong(made, tmp_path_factory, data):
    folder = copy_of(made / "entries" / "tiny-v0" / "mine", tmp_path_factory.mktemp("fuzzed"))
    manifest = json.loads((folder / MANIFEST).read_text())
    place, key = manifest, data.draw(st.sampled_from(sorted(manifest)))
    while isinstance(place[key], dict) and place[key] and data.draw(st.booleans()):
        place = place[key]
        key = data.draw(st.sampled_from(sorted(place)))
    before, place[key] = place[key], data.draw(VALUES)
    (folder / MANIFEST).write_text(json.dumps(manifest))
    files = sorted(folder.parents[1].rglob("*"))
    found = verdict(folder)
    assert all(isinstance(fault, str) and fault for fault in map(str, found.failures))
    if place[key] != before and key not in FREE:
        assert found.failures
    assert sorted(folder.parents[1].rglob("*")) == files


FREE = ("licence", "paper", "authors", "name")
"""What a manifest may say freely, within its schema."""


ODD = [None, [], {}, "x", -1, 1e300, True, [{"a": None}]]


def places(value, path=()):
    """The paths to everything within a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value[:2])
    for key, own in inner:
        yield (*path, key)
        if isinstance(own, dict | list):
            yield from places(own, (*path, key))


def replaced(value, path, odd):
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = odd


@pytest.mark.slow
def test_no_odd_value_anywhere_ends_in_a_traceback(entry):
    """Each place in a manifest and in a run takes an odd value in turn: refused or valid."""
    kept = {name: (entry / name).read_bytes() for name in (MANIFEST, MEASUREMENTS)}
    for number, path in enumerate([*places(json.loads(kept[MANIFEST]))][::2]):
        content = json.loads(kept[MANIFEST])
        replaced(content, path, ODD[number % len(ODD)])
        (entry / MANIFEST).write_text(json.dumps(content))
        verdict(entry)
        (entry / MANIFEST).write_bytes(kept[MANIFEST])
    runs = runs_of_trial(entry)
    refused = 0
    for number, path in enumerate([*places(runs[0][0])][::2]):
        odd = [[json.loads(json.dumps(info)), rows] for info, rows in runs]
        replaced(odd[0][0], path, ODD[number % len(ODD)])
        # What the format has no place for is no such file: it cannot be written.
        with contextlib.suppress(TypeError, ValueError, AttributeError, pa.ArrowException):
            put(entry, odd)
            refused += bool(verdict(entry).failures)
        for name, content in kept.items():
            (entry / name).write_bytes(content)
    assert refused > 10
