"""A report holds what is stored, no less and nothing else; figures of papers are drawn from it."""

import base64
import gzip
import hashlib
import json
import math
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import made_up_results
from plasticity_bench import shipped
from plasticity_bench.cli import main
from plasticity_bench.errors import BadInputError
from plasticity_bench.figures import paper_figure
from plasticity_bench.report import collect, page, ranking
from plasticity_bench.report.page import _part, compressed
from plasticity_bench.report.searches import known_records
from plasticity_bench.results import LearnerOnStream, Results, select
from plasticity_bench.statistics import Rank, ranks
from plasticity_bench.tuning.record import read_record
from tests.support import report_results
from tests.support.helpers import a_score
from tests.support.report_results import EVIL


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return report_results.write(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def report(results):
    return collect(select(results))


def data_of(text):
    """The report inside a page."""
    (data,) = re.findall(r'<script type="application/gzip" id="data">(.*?)</script>', text)
    return json.loads(gzip.decompress(base64.b64decode(data)))


def row(rows, **wanted):
    (found,) = (r for r in rows if all(r[name] == value for name, value in wanted.items()))
    return found


def test_scores_are_those_of_the_measurements(report):
    adam, fresh = report["learners"].index("adam"), report["reference"]
    found = row(report["scores"], stream=0, learner=adam)
    expected = [(0.2 + 0.01 * s - 0.1) / (0.9 + 0.01 * s - 0.1) for s in range(3)]
    assert [p[0] for p in found["points"]] == pytest.approx(expected, abs=1e-4)
    assert found["trainability"][0] == pytest.approx(sum(expected) / 3, abs=1e-4)
    assert [p[1] for p in found["points"]] == [None] * 3  # no own fresh copy was requested
    assert found["retained_plasticity"] is None and found["curvature_retention"] is None
    assert fresh == 0
    hard = row(report["scores"], stream=1, learner=adam)
    assert hard["diverged"] == 1 and hard["points"][0] == [0, None]
    both = row(report["scores"], stream=None, learner=adam)
    means = [hard["trainability"][0], found["trainability"][0]]
    assert both["trainability"][0] == pytest.approx(sum(means) / 2, abs=1e-4)


def test_rows_are_in_the_leaderboards_order(report, results):
    """The reference, the ranked by rank and mean, and those that lack seeds."""
    assert report["learners"] == ["fresh", EVIL, "adam", "l2"]
    table = [(r["stream"], report["learners"][r["learner"]], r["rank"]) for r in report["scores"]]
    assert [row for row in table if row[0] != 0] == [
        # three seeds tell nothing apart, on however many streams
        *((None, "fresh", None), (None, EVIL, [1, 1, 2]), (None, "adam", [1, 1, 2])),
        (None, "l2", None),
        *((1, "fresh", None), (1, EVIL, [1, 1, 2]), (1, "adam", [1, 1, 2]), (1, "l2", None)),
    ]
    assert [row[1:] for row in table if row[0] == 0] == [
        *(("fresh", None), ("l2", [1, 1, 3]), (EVIL, [1, 1, 3]), ("adam", [1, 1, 3])),
    ]


def test_ranks_are_those_of_the_leaderboard():
    rng = np.random.default_rng(0)
    levels = {"fresh": 1.0, "a": 0.9, "b": 0.89, "c": 0.3, "d": 0.31}
    values = {
        (stream, label): level + rng.normal(0, 0.02, 10)
        for stream in ("one", "two")
        for label, level in levels.items()
    }
    scores = {
        LearnerOnStream(*group): {seed: a_score(v, v) for seed, v in enumerate(of_seeds)}
        for group, of_seeds in values.items()
    }
    del scores[LearnerOnStream("two", "d")][9]
    found = ranking.places(scores, ["one", "two"], list(levels), "fresh")
    expected = ranks(np.array([[values[s, label] for s in ("one", "two")] for label in "abc"]))
    assert next(iter(found)) == "fresh" and next(reversed(found)) == "d"  # whatever their means
    assert [found[label] for label in "abc"] == expected
    assert found["fresh"] is None and found["d"] is None
    alone = ranking.places(
        {group: scores[group] for group in [LearnerOnStream("one", "fresh")]},
        ["one"],
        ["fresh"],
        "fresh",
    )
    assert alone == {"fresh": None}
    nothing = {
        group: {s: replace(v, trainability=math.nan) for s, v in of_seeds.items()}
        for group, of_seeds in scores.items()
    }
    found = ranking.places(nothing, ["one"], list(levels), "fresh")
    assert found["a"] == found["d"] == Rank(1, 1, 4)  # the reference gains nothing: all are alike


def test_searches_are_those_of_the_record(report):
    fresh, adam = report["searches"]
    assert (fresh["learner"], fresh["score"], fresh["seeds"]) == ("fresh", "attained", 2)
    assert (adam["learner"], adam["score"], adam["unfinished"]) == ("adam", "trainability", 1)
    assert adam["scales"] == {"step_size": "log", "kind": "choice"}
    assert [(t["setting"]["step_size"], t["score"], t["interval"]) for t in adam["tried"]] == [
        (0.1, 0.0, (0.0, 0.0)),
        (0.001, 0.5, (0.4, 0.7)),  # what was given up before the last round is left out
    ]
    assert [(t["chosen"], t["diverged"]) for t in adam["tried"]] == [(False, 4), (True, 0)]


@pytest.mark.slow
def test_searches_are_found_from_the_results_folder(tmp_path, monkeypatch):
    """Wherever the report is made: results name a file by its path from where `run` was called."""
    results = report_results.write(tmp_path / "project" / "results")
    file = tmp_path / "project" / "searches" / "first.yaml"
    file.parent.mkdir()
    (results.folder / "tuning.yaml").rename(file)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    named = {"file": "searches/first.yaml", "sha256": sha256}
    runs = [(None, SimpleNamespace(info={"tuned": named}))]
    monkeypatch.chdir(tmp_path)  # from which the path leads nowhere
    assert [tuned.sha256 for tuned in known_records([], runs, results.folder)] == [sha256]
    moved = results.folder.rename(tmp_path / results.folder.name)
    assert known_records([], runs, moved) == []
    file.rename(moved / "first.yaml")
    assert len(known_records([], runs, moved)) == 1
    (moved / "first.yaml").write_text(report_results.TUNING + "# another one\n")
    assert known_records([], runs, moved) == []


@pytest.mark.slow
def test_the_search_of_a_shipped_suite_is_known(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (path,) = (path for path in shipped.tuning_records() if path.name == "quick.yaml")
    own = read_record(path)
    folder = tmp_path / own.record.suite.rpartition("/")[2]
    assert [tuned.sha256 for tuned in known_records([], [], folder)] == [own.sha256]
    assert len(known_records([own], [], folder)) == 1  # each once
    assert known_records([], [], tmp_path / "quick-v1@00000000") == []


def test_the_budget_counts_each_setting_once(report):
    adam = row(report["searches"], learner="adam")
    assert adam["budget"] == {"settings": 4, "updates": 80}


def test_curves_are_means_over_seeds(report):
    place = {name: i for i, name in enumerate(report["measurements"])}
    assert report["measurements"][:2] == ["accuracy", "fisher_srank99_n16"]
    assert "chance" not in place and "dormant_units/layer0" not in place
    line = row(
        report["curves"],
        stream=0,
        learner=report["learners"].index("l2"),
        measurement=place["accuracy"],
    )
    assert line["tasks"] == list(range(10)) and line["seeds"] == 3
    assert (line["mean"][0], line["mean"][-1]) == (0.9, pytest.approx(0.61))
    assert line["low"][-1] <= line["mean"][-1] <= line["high"][-1]


def test_pairs_and_profiles(report):
    pair = row(
        report["pairs"],
        stream=0,
        score="trainability",
        learner=0,
        other=report["learners"].index("adam"),
    )
    adam, l2 = map(report["learners"].index, ("adam", "l2"))
    own = row(report["scores"], stream=0, learner=adam)["trainability"]
    assert pair["difference"][0] == pytest.approx(1 - own[0], abs=1e-4)
    assert pair["p_value"] == 0.25  # 2 / 2**3: all six pairs are as far apart as they can be
    of_l2 = [r for r in report["pairs"] if r["stream"] == 1 and l2 in (r["learner"], r["other"])]
    assert of_l2 == []  # it has one seed there
    line = row(report["profiles"], stream=0, score="trainability", learner=adam)
    scores = [p[0] for p in row(report["scores"], stream=0, learner=adam)["points"]]
    for tau, share in zip(line["thresholds"], line["share"], strict=True):
        if all(abs(s - tau) > 1e-3 for s in scores):  # not where rounding decides
            assert share == pytest.approx(sum(s > tau for s in scores) / 3, abs=1e-4)


def test_cells_settings_and_origins(report):
    counts = row(report["status"], stream="hard", learner="l2")
    assert counts["counts"]["complete"] == counts["counts"]["failed"] == 1
    assert counts["counts"]["missing"] == 1 and counts["error"] == "ValueError: no <b>luck</b>"
    assert report["notices"][0].startswith("2 of 24 runs have no results")
    assert report["commands"] == [report_results.COMMAND]
    assert (report["suite"], report["suite_hash"]) == ("small-v0", "01234567")
    setting = row(report["settings"], learner=report["learners"].index("adam"))
    assert setting["hyperparameters"]["step_size"] == 0.1 and sorted(setting["streams"]) == [0, 1]
    assert report["machines"][0]["environment"] == {"python": "3.11.7"}
    assert report["about"][0]["scored_tasks"] == [9]
    assert report["seconds"] == pytest.approx(1.5 * 22)


def test_the_page_holds_its_data_and_loads_nothing(report):
    text = page(report)
    assert data_of(text) == json.loads(json.dumps(report))
    assert EVIL not in text and "{{" not in text.replace(_part("report.js"), "")
    assert not re.findall(r'(?:src|href)="(?!#|data:)', text) and "@import" not in text
    assert "default-src 'none'" in text


def test_the_bundle_is_what_its_sources_give():
    """As its header says; `npm run check` bundles anew and compares, but needs Node.js."""
    web = Path(__file__).parents[2] / "plasticity_bench" / "report" / "web"
    sources = sorted((web / "src").glob("*.js"), key=lambda path: path.name)
    joined = b"".join(f"{path.name}\n".encode() + path.read_bytes() for path in sources)
    *header, code = (web / "report.js").read_bytes().split(b"\n", 3)
    digests = [line.decode().rpartition(" ")[2] for line in header[1:]]
    remedy = "run `npm run build` and commit plasticity_bench/report/web/report.js"
    assert header[0].startswith(b"// Generated from") and sources
    assert digests == [hashlib.sha256(data).hexdigest() for data in (joined, code)], remedy
    assert b"</script" not in code and b"<!--" not in code


@pytest.mark.slow
def test_a_large_report_has_at_most_1_5_megabytes(tmp_path):
    """With 45 learners, 4 streams and 10 seeds; docs/report.md says 1.1 MB."""
    size = made_up_results.Size()
    assert (len(size.labels), size.streams, size.seeds) == (45, 4, 10)
    results = Results(made_up_results.write(tmp_path, size))
    weight = len(page(collect(select(results))).encode())
    assert 1.05e6 < weight < 1.15e6


def test_no_number_is_lost_to_nan():
    with pytest.raises(ValueError):
        compressed(math.nan)


def test_settings_that_were_given_up_are_left_out(tmp_path):
    results = report_results.write(tmp_path)
    other = next(report_results.runs())
    other = type(other)(other.stream, other.learner, 0, {**other.identity, "old": True})
    results.save(other, report_results.rows(other), {"status": "complete"})
    assert len(select(results).stored) == 22


def test_what_cannot_be_reported_is_said(tmp_path, results, capsys):
    assert main(["report", str(tmp_path)]) == 2
    assert "holds no finished results" in capsys.readouterr().err
    assert main(["report", str(results.folder), "--reference", "frsh"]) == 2
    assert "Did you mean 'fresh'?" in capsys.readouterr().err
    (tmp_path / "file").touch()
    nowhere = str(tmp_path / "file" / "report.html")
    assert main(["report", str(results.folder), "--output", nowhere]) == 2
    assert "Cannot write" in capsys.readouterr().err


def test_the_verb_writes_the_file(tmp_path, results, capsys):
    path = tmp_path / "report.html"
    assert main(["report", str(results.folder), "--output", str(path), "--layers"]) == 0
    *told, following = capsys.readouterr().err.splitlines()
    assert told == ["Selection: 3 seeds; relative to fresh.", f"Report: {path}"]
    assert following == f"Next: plasticity-bench plot {results.folder}"
    assert "dormant_units/layer0" in data_of(path.read_text())["measurements"]


@pytest.mark.parametrize("kind", ["curves", "scatter", "ranks", "profile", "explain"])
@pytest.mark.parametrize("ending", ["pdf", "svg"])
def test_figures_of_papers(tmp_path, results, kind, ending):
    path = tmp_path / f"figure.{ending}"
    assert main(["plot", str(results.folder), "--kind", kind, "--figure", str(path)]) == 0
    content = path.read_bytes()
    if ending == "pdf":
        assert (b"/Type3" not in content and b"/TrueType" in content) or b"/CIDFontType2" in content
    else:
        assert b"<text" in content  # words, not outlines


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--kind", "scatter", "--measurement", "loss"], "--measurement is for --kind curves"),
        (
            ["--kind", "ranks", "--stream", "esay"],
            "no stream 'esay' in these results. Did you mean",
        ),
        (["--kind", "explain", "--stream", "esay"], "no stream 'esay' in these results. Did you"),
        (["--kind", "profile", "--learner", "adma"], "Did you mean 'adam'"),
        (["--kind", "budget"], "draws a search: give the file that `tune` wrote"),
    ],
)
def test_slips_of_figures(results, capsys, options, message):
    assert main(["plot", str(results.folder), *options]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["scatter", "retained", "ranks", "profile", "explain"])
def test_some_learners_and_streams_of_a_figure(tmp_path, results, kind):
    path = tmp_path / "figure.svg"
    chosen = ["--learner", "adam", "--learner", "l2", "--stream", "easy"]
    assert main(["plot", str(results.folder), "--kind", kind, *chosen, "--figure", str(path)]) == 0
    assert kind == "explain" or "hard" not in path.read_text()


def test_learners_differ_in_more_than_colour():
    looks = [paper_figure.look(place) for place in range(30)]
    assert len({(look["color"], look["marker"], str(look["linestyle"])) for look in looks}) == 30
    assert [look["color"] for look in looks].count(looks[0]["color"]) == 1


def test_the_reference_must_be_there(results):
    with pytest.raises(BadInputError, match="no results of the reference 'nobody'"):
        select(results, "nobody")
