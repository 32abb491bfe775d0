"""Every command and every block of code in README and docs is run, or stands below with its reason.

Each page begins in a small clone of the repository, in a folder of its own, with the results of the
quick suite in it; its blocks are gone through in order. Commands are those of the page, word for
word, but for what `adapted` does to them.
"""

import importlib
import inspect
import re
import shlex
import shutil
import sys
import tomllib
from pathlib import Path

import gymnasium
import pytest
import yaml

import plasticity_bench as pb
from plasticity_bench import shipped
from plasticity_bench.cli import VERBS, _parser, main
from plasticity_bench.data import SOURCES
from plasticity_bench.running import execution
from plasticity_bench.running.engines.slurm_script import load_profile
from plasticity_bench.streams import registry
from plasticity_bench.suite import document
from plasticity_bench.suite.loading import load_suite
from plasticity_bench.suite.suite_file import NetworkEntry, SuiteFile
from tests.support import small_clone
from tests.support.data_files import idx_set, small_source, write_idx
from tests.support.helpers import as_before
from tests.support.pages import PAGES, ROOT, blocks, commands, inline_commands, links, text_of

pytestmark = pytest.mark.system

NOT_RUN = {
    "python -m venv": "makes an environment; `.ci/run` does it",
    "source .venv/bin/activate": "the same",
    "pip install -c constraints.txt": "installs this package; `.ci/run` does it",
    "bash .ci/run": "all checks, of which this is one",
    "pytest": "all tests, of which this is one",
    "sphinx-build": "a step of `.ci/run`",
    "leaderboard/make_entries.sh": "tunes and runs all baselines",
    "benchmarks/gpu_all.sh": "tests/programs/test_gpu_script.py does it",
    "python -m benchmarks.paper": "needs hours of runs; tests/docs/test_paper.py tests it",
    "python -m benchmarks.findings": "needs an hour of runs; tests/docs/test_paper.py tests it",
    "python -m benchmarks.pictures": "tests/docs/test_pictures.py compares their origins",
    "python -m benchmarks.evidence": "tests/docs/test_evidence.py does it",
    "python -m benchmarks.bits": "tests/programs/test_bits.py does it",
}
"""How commands begin that are not run here, and why."""

WITH_BLOCKS = [page for page in PAGES if blocks(page) and not page.startswith("benchmarks/")]


# ---- a place for each page ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """The small clone, where the quick suite has been run: pages find its results."""
    folder = tmp_path_factory.mktemp("clone")
    small_clone.make(folder)
    with pytest.MonkeyPatch.context() as patch:
        _settle(folder, patch)
        assert main(["run", "quick"]) == 0
        (results,) = Path("results").glob("quick-v1@*")
        # Entries are judged by the published reference, which is of the true suite.
        authors = ["--authors", "The plasticity-bench authors"]
        given = ["--learner", "fresh", "--name", "fresh", *authors]
        output = ["--output", "leaderboard/entries"]
        assert main(["submit", str(results), *given, *output]) == 0
    return folder


@pytest.fixture
def folder(clone, own_cache, tmp_path, monkeypatch):
    """A copy of the clone for one page, and a small data set on the disk."""
    page = tmp_path / "page"
    _forget(tmp_path.parent)  # what other tests left, which may have the names of a page's files
    shutil.copytree(clone, page)
    _settle(page, monkeypatch)
    write_idx(tmp_path / "data" / "small" / "raw")
    monkeypatch.setenv("PLASTICITY_BENCH_DATA", str(tmp_path / "data"))
    with as_before(gymnasium.registry), as_before(registry._registered), as_before(SOURCES):
        yield page
    _forget(page)


def _settle(folder, patch):
    """Go there: names of suites stand for small ones, and one process runs them."""
    patch.chdir(folder)
    patch.setattr(sys, "path", ["", *(p for p in sys.path if Path(p).resolve() != ROOT), str(ROOT)])
    patch.setattr(shipped, "SUITES", small_clone.SUITES)
    patch.setattr(document, "SUITES", small_clone.SUITES)
    patch.setattr(execution, "available_cores", lambda: 1)
    _forget(ROOT / "my_module.py")


def _forget(place):
    """Drop modules that were imported from a file or folder, which may change."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and Path(file).resolve().is_relative_to(place):
            del sys.modules[name]
    importlib.invalidate_caches()


# ---- what is done with a block ------------------------------------------------------------------


def run_shell(block, capsys):
    """Run each command; return all that they print."""
    printed = ""
    for words in commands(block.text):
        if not any(shlex.join(words).startswith(start) for start in NOT_RUN):
            run_command(words)
        told = capsys.readouterr()
        printed += told.out + told.err
        if ">" in words:
            Path(words[-1]).write_text(told.out)
    return printed


def run_command(words):
    """Run a command as the page has it, or fail."""
    if words == [
        "pip",
        "install",
        "examples/moving-clusters",
    ]:  # tests/test_example_package.py does
        sys.path.insert(0, "examples/moving-clusters")
        importlib.import_module("moving_clusters").register()
        return
    assert words[0] == "plasticity-bench", f"{shlex.join(words)}: nothing is known to run this"
    with as_before(SOURCES):
        SOURCES["fashion_mnist"] = small_source(idx_set(), name="fashion_mnist")
        assert main(adapted(words)) == 0, shlex.join(words)


def adapted(words):
    """The arguments of a command as it is run here."""
    words = words[: words.index(">")] if ">" in words else words
    words = [_existing(word) for word in words[1:] if word != "…"]
    if words[0] == "verify":  # in a process of its own, to which `quick` is the true one
        words += ["--suite", "suites/quick.yaml"]
    if words[0] == "run" and "--seeds" not in words:  # of new suites; small ones have as many
        words += ["--seeds", str(small_clone.SEEDS)]
    text = "\0".join(words).replace("--compile\0on", "--compile\0off")  # tests/test_compiling.py
    text = re.sub("\0--(engine|slurm|slurm-profile)\0[^\0]*|\0--detach", "", text)  # tests/faults
    text = re.sub("\0--ahead\0[^\0]*", "\0--ahead\0" + "1", text)  # the clone has four tasks
    return text.split("\0")


def _existing(word):
    """A results folder under the name that it has in this clone, where suites have other hashes."""
    found = re.fullmatch(r"(results/[\w.-]+@)(?:…|[0-9a-f]{8})(.*)", word)
    if found is None:
        return word
    (folder,) = Path().glob(f"{found[1]}*")
    return str(folder) + found[2]


def run_python(block, scope):
    """Execute a block, in the file that the page puts it into; check what it defines."""
    known = set(scope)
    if block.file:
        path = Path(block.file)
        path.write_text(block.text)
        _forget(path.resolve())
        scope = vars(importlib.import_module(path.stem))
        known = set()
    else:
        exec(compile(block.text, "page", "exec"), scope)
    for name in sorted(set(scope) - known):
        check(scope[name], scope["__name__"])


def check(found, module):
    """Every learner, stream and measurement that a page defines passes its check."""
    if getattr(found, "__module__", None) != module:
        return
    if inspect.isclass(found) and issubclass(found, pb.Learner):
        pb.check_learner(found)
    elif found.__name__.startswith("test_"):
        found()


def read_yaml(block, folder):
    """Read a block by what reads it: networks, parts of a suite, or a Slurm profile."""
    if block.text.startswith("network:"):
        for line in block.text.splitlines():
            NetworkEntry(**yaml.safe_load(line)["network"])
    elif yaml.safe_load(block.text).keys() <= SuiteFile.model_fields.keys():
        whole = yaml.safe_load((ROOT / "suites" / "quick.yaml").read_text())
        (folder / "page.yaml").write_text(
            yaml.safe_dump({**whole, **yaml.safe_load(block.text)}, sort_keys=False)
        )
        load_suite("page.yaml", with_data=False)
    else:
        (folder / "page.yaml").write_text(block.text)
        load_profile(folder / "page.yaml")


def read_toml(block):
    """The only ones are parts of the example package."""
    whole = tomllib.loads((ROOT / "examples/moving-clusters/pyproject.toml").read_text())
    for path, value in _leaves(tomllib.loads(block.text)):
        for key in path:
            whole = whole[key]
        assert whole == value


def _leaves(tree, path=()):
    if not isinstance(tree, dict):
        yield path, tree
        return
    for key, value in tree.items():
        yield from _leaves(value, (*path, key))


def compare_output(shown, printed):
    """What a page shows is what the commands before it print, but for numbers and paths."""
    assert words_of(shown) - words_of(printed) == set(), printed


def words_of(text):
    return set(re.findall(r"[A-Za-z_]{2,}", re.sub(r"\S*[/@]\S*", "", text)))


@pytest.mark.parametrize("page", WITH_BLOCKS)
def test_what_a_page_shows(page, folder, capsys):
    scope = {"__name__": "page"}
    printed = ""
    for block in blocks(page):
        try:
            if block.language == "sh":
                printed = run_shell(block, capsys)
            elif block.language == "python":
                run_python(block, scope)
            elif block.language == "yaml":
                read_yaml(block, folder)
            elif block.language == "toml":
                read_toml(block)
            elif block.language == "":
                compare_output(block.text, printed)
            else:
                assert block.language == "text", f"nothing is known to run {block.language}"
        except BaseException as error:
            error.add_note(f"{page}, line {block.line}")
            raise


# ---- the rest of a page -------------------------------------------------------------------------

INLINE = sorted({(page, command) for page in PAGES for command in inline_commands(page)})


def verb_name(verb):
    name = verb.__name__.rpartition(".")[-1]
    return "list" if name == "listing" else name


@pytest.mark.parametrize(("page", "command"), INLINE)
def test_a_command_in_running_text_is_understood(page, command, capsys):
    words = shlex.split(command.removesuffix(" …"), comments=True)[1:]
    if len(words) == 1 and not words[0].startswith("-"):  # a verb is only named
        assert words[0] in {verb_name(verb) for verb in VERBS}
        return
    understood(words, page, capsys)


def understood(words, page, capsys):
    try:
        _parser().parse_args(words)
    except SystemExit as error:
        assert error.code == 0, f"{page}: {capsys.readouterr().err}"


@pytest.mark.parametrize("page", WITH_BLOCKS)
def test_commands_that_are_not_run_are_understood_all_the_same(page, capsys):
    for block in blocks(page):
        for words in commands(block.text) if block.language == "sh" else ():
            if words[0] == "plasticity-bench":
                kept = words[: words.index(">")] if ">" in words else words
                understood([word for word in kept[1:] if word != "…"], page, capsys)


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_is_found(page):
    assert len(re.findall("```|~~~", text_of(page))) == 2 * len(blocks(page))


def test_what_is_not_run_is_shown_somewhere():
    shown = {
        shlex.join(words)
        for page in WITH_BLOCKS
        for block in blocks(page)
        if block.language == "sh"
        for words in commands(block.text)
    }
    for start in NOT_RUN:
        assert any(command.startswith(start) for command in shown), start


@pytest.mark.parametrize("verb", VERBS, ids=verb_name)
def test_every_verb_has_an_example_that_it_takes(verb, capsys):
    for line in verb.EXAMPLE.splitlines():
        words = shlex.split(line)
        assert words[:2] == ["plasticity-bench", verb_name(verb)]
        _parser().parse_args(words[1:])
    with pytest.raises(SystemExit):
        _parser().parse_args([verb_name(verb), "--help"])
    assert verb.EXAMPLE in capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target in links(page):
        assert ((ROOT / page).parent / target).exists(), target
