"""Suites are checked before anything runs; each mistake gets one sentence that says where."""

import dataclasses
import json
import re

import pytest

import plasticity_bench as pb
from plasticity_bench.learners.hyperparameters import ALIASES
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.shipped import suite_names
from plasticity_bench.suite import yaml_source
from plasticity_bench.suite.contenders import with_learners
from plasticity_bench.suite.document import read_document
from plasticity_bench.suite.loading import load_suite, suite_named, suite_of, suite_of_results
from plasticity_bench.suite.planning import plan
from plasticity_bench.suite.suite_file import NetworkEntry

GOOD = """\
suite: test/tiny-v0
streams:
  - id: plasticity/RandomLabelDigits-v0
    num_tasks: 3
    num_examples: 40
    network: {name: mlp, hidden: [8], activation: relu}
learners:
  - fresh
  - {name: l2, strength: 1e-3}
seeds: 2
measure:
  curvature: {every: 2, examples: 16}
"""


def load(tmp_path, text):
    file = tmp_path / "suite.yaml"
    file.write_text(text)
    return load_suite(str(file))


def test_a_good_suite(tmp_path):
    suite = load(tmp_path, GOOD)
    assert suite.name == "test/tiny-v0"
    assert [suite_stream.label for suite_stream in suite.streams] == ["RandomLabelDigits-v0"]
    assert suite.streams[0].stream.num_tasks == 3
    assert suite.streams[0].network.hidden == (8,)
    assert suite.streams[0].network.num_outputs == 10
    assert [c.label for c in suite.contenders] == ["fresh", "l2"]
    assert suite.contenders[1].learner.strength == 1e-3
    assert suite.protocol == pb.Protocol(curvature_every=2, curvature_examples=16)
    assert suite.num_seeds == 2


def test_a_network_of_every_family(tmp_path):
    networks = {
        "hidden: []": {"name": "mlp", "hidden": (), "norm": "none"},
        "name: cnn, channels: [4, 4], kernel_size: [3, 1], padding: valid, hidden: [8]": {
            "channels": (4, 4),
            "kernel_size": (3, 1),
            "padding": "valid",
        },
        "name: resnet18, width: 4, init: kaiming_normal": {"width": 4, "init": "kaiming_normal"},
        "name: vit, patch_size: 2, dim: 8, depth: 1, heads: 2": {"mlp_ratio": 4, "norm": "layer"},
    }
    for written, expected in networks.items():
        text = GOOD.replace("name: mlp, hidden: [8], activation: relu", written)
        network = load(tmp_path, text).streams[0].network
        assert {key: getattr(network, key) for key in expected} == expected
        assert network.input_shape == (8, 8)
        json.dumps(vars(network))  # a part of what names a result


def test_a_suites_network_has_the_keys_and_defaults_of_the_specification():
    spec = {f.name: f.default for f in dataclasses.fields(pb.NetworkSpec)}
    del spec["input_shape"], spec["num_outputs"]  # the stream's
    del spec["settings"], spec["built"]  # of users' networks
    assert NetworkEntry().model_dump() == spec
    schema = NetworkEntry.model_json_schema()["properties"]
    assert [key for key, value in schema.items() if "default" in value] == ["name"]


def test_measurements_are_taken_as_the_section_says_unless_they_say_otherwise(tmp_path):
    section = """16}
  every: 3
  examples: 32
  diagnostics: [parameter_norm, {name: dormant_units, examples: 40}, {name: update_norm, every: 1}]
"""
    protocol = load(tmp_path, GOOD.replace("16}\n", section)).protocol
    assert [(d.name, d.every, d.examples) for d in protocol.diagnostics] == [
        ("parameter_norm", 3, 32),
        ("dormant_units", 3, 40),
        ("update_norm", 1, 32),
    ]


DIAGNOSTICS = """16}
  every: 3
  examples: 32
  diagnostics: [parameter_norm, {name: dormant_units, examples: 40}]
"""


def test_diagnostics_have_an_earlier_name(tmp_path):
    now = load(tmp_path, GOOD.replace("16}\n", DIAGNOSTICS))
    before = GOOD.replace("16}\n", DIAGNOSTICS.replace("diagnostics", "explanations"))
    with pytest.warns(DeprecationWarning, match="suite.yaml:15: measure.explanations is called"):
        earlier = load(tmp_path, before)
    assert earlier.protocol == now.protocol
    assert len(now.protocol.diagnostics) == 2
    assert earlier.hash8 == now.hash8 != load(tmp_path, GOOD).hash8
    keys = [
        [run.key for g in plan(s, s.contenders, range(2)) for run in g.runs] for s in (earlier, now)
    ]
    assert keys[0] == keys[1]


def test_a_mistake_under_the_earlier_name_has_its_line(tmp_path):
    text = DIAGNOSTICS.replace("diagnostics", "explanations").replace("examples: 40", "exmples: 4")
    sentence = r"suite.yaml:15: measure.diagnostics\[1\].exmples: unknown key. Did you mean 'examp"
    with (
        pytest.warns(DeprecationWarning, match="is called 'diagnostics' now"),
        pytest.raises(pb.BadInputError, match=sentence),
    ):
        load(tmp_path, GOOD.replace("16}\n", text))


def test_diagnostics_under_both_names_are_refused(tmp_path):
    both = DIAGNOSTICS + "  explanations: [update_norm]\n"
    with pytest.raises(
        pb.BadInputError, match=r"suite.yaml:16: measure.explanations: .* remove one"
    ):
        load(tmp_path, GOOD.replace("16}\n", both))


def test_the_hash_is_that_of_before_diagnostics_had_their_name(tmp_path):
    """Results that are stored under it are found again."""
    with_diagnostics = load(tmp_path, GOOD.replace("16}\n", DIAGNOSTICS))
    assert (load(tmp_path, GOOD).hash8, with_diagnostics.hash8) == ("f90eac0f", "ad4433b4")
    identity = plan(with_diagnostics, with_diagnostics.contenders, range(1))[0].runs[0].identity
    assert identity["protocol"] == {
        "curvature_every": 2,
        "curvature_examples": 16,
        "reveal_boundaries": True,
        "explanations": (
            {"name": "parameter_norm", "every": 3, "examples": 32},
            {"name": "dormant_units", "every": 3, "examples": 40},
        ),
    }


@pytest.mark.parametrize("name", suite_names())
def test_shipped_suites_load_by_name_by_path_and_from_their_document(name):
    by_name, by_path = load_suite(name, False), load_suite(f"suites/{name}.yaml", False)
    assert by_name.hash8 == by_path.hash8
    assert suite_of(read_document(name), False).hash8 == by_name.hash8
    for full in (by_name.name, by_name.name.rpartition("/")[-1]):
        assert suite_named(full).hash8 == by_name.hash8


def test_a_name_that_no_shipped_suite_has():
    with pytest.raises(pb.BadInputError, match="'quack-v0'. Give --suite FILE"):
        suite_named("quack-v0")


def test_the_suite_of_results_is_told_by_their_folder(tmp_path):
    quick, own = load_suite("quick", False), load(tmp_path, GOOD)
    file = str(tmp_path / "suite.yaml")
    assert suite_of_results(tmp_path / quick.directory_name, None).hash8 == quick.hash8
    assert suite_of_results(tmp_path / own.directory_name, file).hash8 == own.hash8
    with pytest.raises(pb.BadInputError, match="'tiny-v0'. Give --suite FILE"):
        suite_of_results(tmp_path / own.directory_name, None)
    for folder in ("quick-v0@00000000", own.directory_name):
        with pytest.raises(pb.BadInputError, match=f"{folder} does not hold results of"):
            suite_of_results(tmp_path / folder, "quick")


MISTAKES = {
    "a misspelt key": (
        "seeds: 2",
        "seed: 2",
        "suite.yaml:10: seed: unknown key. Did you mean 'seeds'?",
    ),
    "a misspelt section": (
        "streams:",
        "streems:",
        "suite.yaml:2: streems: unknown key. Did you mean 'streams'?",
    ),
    "a misspelt key of a stream": (
        "network:",
        "netwrok:",
        "suite.yaml:6: streams[0].netwrok: unknown key. Did you mean 'network'?",
    ),
    "a misspelt key deep down": (
        "{every: 2",
        "{evry: 2",
        "suite.yaml:12: measure.curvature.evry: unknown key. Did you mean 'every'?",
    ),
    "an unknown stream": (
        "RandomLabelDigits",
        "RandomLabelDigit",
        "suite.yaml:3: streams[0].id: Unknown stream 'plasticity/RandomLabelDigit-v0'. "
        "Did you mean 'plasticity/RandomLabelDigits-v0'?",
    ),
    "an unknown stream parameter": (
        "num_tasks: 3",
        "num_task: 3",
        "suite.yaml:4: streams[0].num_task: Stream plasticity/RandomLabelDigits-v0 has no parameter "
        "'num_task'. Did you mean 'num_tasks'?",
    ),
    "a negative number": (
        "num_tasks: 3",
        "num_tasks: -3",
        "suite.yaml:4: streams[0].num_tasks: num_tasks must be a whole number of at least 1, not -3.",
    ),
    "a negative number of seeds": (
        "seeds: 2",
        "seeds: -2",
        "suite.yaml:10: seeds: input should be greater than or equal to 1, not -2.",
    ),
    "a wrong type": (
        "seeds: 2",
        "seeds: two",
        "suite.yaml:10: seeds: input should be a valid integer, not 'two'.",
    ),
    "a wrong type of learners": (
        "  - fresh\n",
        "  - 5\n",
        "suite.yaml:8: learners[0]: input should be a mapping, not 5.",
    ),
    "an unknown activation": (
        "activation: relu",
        "activation: rellu",
        "suite.yaml:6: streams[0].network.activation: input should be 'relu', 'leaky_relu', 'tanh', "
        "'gelu', 'identity', 'crelu', 'fourier', 'prelu' or 'smooth_leaky', not 'rellu'. Did you mean 'relu'?",
    ),
    "a key of another network": (
        "activation: relu",
        "patch_size: 4",
        "suite.yaml:6: streams[0].network: The network 'mlp' has no 'patch_size': remove it. It has "
        "hidden, activation, norm, init.",
    ),
    "a network without widths": (
        ", hidden: [8]",
        "",
        "suite.yaml:6: streams[0].network: The network 'mlp' needs 'hidden': the widths of",
    ),
    "a key that is null": (
        "activation: relu",
        "padding: null",
        "suite.yaml:6: streams[0].network.padding: input should be 'same' or 'valid', not None.",
    ),
    "kernels that are no numbers": (
        "activation: relu",
        "kernel_size: [5, 0]",
        "suite.yaml:6: streams[0].network.kernel_size: input should be a whole number of at least "
        "1, or a list of them.",
    ),
    "an unknown learner": (
        "name: l2,",
        "name: l2_innit,",
        "suite.yaml:9: learners[1].name: Unknown learner 'l2_innit'. Did you mean 'l2_init'?",
    ),
    "an unknown hyperparameter": (
        "strength: 1e-3",
        "strenght: 1e-3",
        "suite.yaml:9: learners[1].strenght: Learner L2 has no hyperparameter 'strenght'. "
        "Did you mean 'strength'?",
    ),
    "a negative hyperparameter": (
        "strength: 1e-3",
        "strength: -1e-3",
        "suite.yaml:9: learners[1].strength: Learner L2: strength: input should be greater than or "
        "equal to 0, not -0.001. To allow",
    ),
    "a hyperparameter of the wrong type": (
        "strength: 1e-3",
        "strength: strong",
        "suite.yaml:9: learners[1].strength: Learner L2: strength: input should be a valid number",
    ),
    "no such reference": (
        "seeds: 2",
        "reference: frehs",
        "suite.yaml:10: reference: the reference 'frehs' is not a learner. Did you mean 'fresh'?",
    ),
    "two learners of one name": (
        "  - fresh\n",
        "  - fresh\n  - fresh\n",
        "suite.yaml:7: learners: two are called 'fresh': give one a `label` of its own.",
    ),
    "more examples for curvature than there are": (
        "examples: 16",
        "examples: 41",
        "suite.yaml:3: streams[0].id: curvature is to be measured on 41 examples, but a task of "
        "plasticity/RandomLabelDigits-v0 has 40.",
    ),
    "an unknown measurement": (
        "16}",
        "16}\n  diagnostics: [dormant_unit]",
        "suite.yaml:13: measure.diagnostics[0].name: input should be 'parameter_norm', ",
    ),
    "a measurement that is listed twice": (
        "16}",
        "16}\n  diagnostics: [dormant_units, {name: dormant_units}]\n  examples: 16",
        "suite.yaml:13: measure.diagnostics: dormant_units is listed twice.",
    ),
    "a misspelt key of a measurement": (
        "16}",
        "16}\n  diagnostics: [{name: dormant_units, evry: 3}]",
        "suite.yaml:13: measure.diagnostics[0].evry: unknown key. Did you mean 'every'?",
    ),
    "more examples for a measurement than there are": (
        "16}",
        "16}\n  diagnostics: [{name: dormant_units, examples: 41}]",
        "suite.yaml:3: streams[0].id: dormant_units is to be measured on 41 examples, but a task of "
        "plasticity/RandomLabelDigits-v0 has 40. Lower measure.examples, or make tasks larger.",
    ),
    "a key given twice": (
        "seeds: 2",
        "seeds: 2\nseeds: 3",
        "suite.yaml:11: 'seeds' is given twice.",
    ),
    "not YAML": ("seeds: 2", "seeds: [2", "suite.yaml:11: not valid YAML"),
    "a missing key": ("suite: test/tiny-v0\n", "", "suite.yaml:1: the key 'suite' is missing."),
    "a bad name": ("test/tiny-v0", "tiny", "suite.yaml:1: suite: string should match pattern"),
}


@pytest.mark.parametrize(("right", "wrong", "sentence"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_gets_one_sentence_with_its_place(tmp_path, right, wrong, sentence):
    assert right in GOOD
    with pytest.raises(pb.BadInputError) as caught:
        load(tmp_path, GOOD.replace(right, wrong, 1))
    message = str(caught.value).replace(f"{tmp_path}/", "")
    assert message.startswith(sentence)
    assert "\n" not in message


@pytest.mark.parametrize("text", ["", "just words", "- a\n- list"])
def test_a_file_that_is_no_suite(tmp_path, text):
    with pytest.raises(pb.BadInputError, match="a suite is a YAML mapping"):
        load(tmp_path, text)


def test_no_such_file_names_the_nearest(tmp_path):
    with pytest.raises(pb.BadInputError, match=re.escape("Did you mean 'suites/quick.yaml'?")):
        load_suite("suites/quik.yaml")
    with pytest.raises(pb.BadInputError, match="Did you mean 'quick'"):
        load_suite("quik")
    with pytest.raises(pb.BadInputError, match="is a folder"):
        load_suite(str(tmp_path))


def test_what_makes_results_comparable_changes_the_hash(tmp_path):
    base = load(tmp_path, GOOD).hash8
    same = (
        ("seeds: 2", "seeds: 20"),
        ("strength: 1e-3", "strength: 1e-2"),
        ("  - fresh\n", "  - fresh\n  - sgd\n"),
    )
    for right, wrong in same:
        assert load(tmp_path, GOOD.replace(right, wrong)).hash8 == base
    other = ("num_tasks: 3", "num_tasks: 4"), ("[8]", "[9]"), ("every: 2", "every: 3")
    for right, wrong in other:
        assert load(tmp_path, GOOD.replace(right, wrong)).hash8 != base


def test_exponents_without_a_point_are_numbers():
    assert yaml_source.scalar("1e-3") == 0.001
    assert yaml_source.scalar("-2E+5") == -200000.0
    assert yaml_source.scalar("12") == 12
    assert yaml_source.scalar("e5") == "e5"
    assert yaml_source.scalar("true") is True


# ---- learners by name -------------------------------------------------------------------------


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module where Python finds it; return its unique name."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(text):
        name = f"user_module_{abs(hash(text)) % 10**10}"
        (tmp_path / f"{name}.py").write_text(text)
        return name

    return write


LEARNER = "import plasticity_bench as pb\nclass Mine(pb.Learner):\n"

WRONG_MODULES = {
    "it does not import": ("import no_such_thing\n", "importing {m} failed: ModuleNotFoundError"),
    "it raises": ("x = 1\n1 / 0\n", r"importing {m} failed: ZeroDivisionError.*\(line 2 of"),
    "it is not Python": ("def\n", r"importing {m} failed: SyntaxError.*\(line 1 of"),
    "it has no such class": (
        LEARNER.replace("Mine", "Mein") + "    pass\n",
        "{m} has no class 'Mine'. Did you mean 'Mein'",
    ),
    "the class is no learner": ("class Mine: pass\n", "Mine is not a subclass of"),
    "an unknown hook": (
        LEARNER + "    def after_step(self, state, noise): return state\n",
        "unknown hook 'after_step'. Did you mean 'after_update'",
    ),
    "a hook of the class": (
        LEARNER + "    @classmethod\n    def penalty(cls, params, state): return 0\n",
        "hook penalty: it must be a method, which sees the learner's settings, not a classmethod: "
        r"write `def penalty\(self, params, state\)`",
    ),
    "a hook without self": (
        LEARNER + "    @staticmethod\n    def penalty(params, state): return 0\n",
        "hook penalty: it must be a method, .* not a staticmethod",
    ),
    "a hook that is an object": (
        "import functools\n" + LEARNER + "    penalty = functools.partial(print)\n",
        "hook penalty: it must be a method, .* not a partial",
    ),
    "a mixin after Learner": (
        "class Mixin:\n    def penalty(self, params, state): return 0\n"
        + LEARNER.replace("Learner)", "Learner, Mixin)")
        + "    pass\n",
        r"penalty of Mixin is never used, .* write `class ...\(Mixin, Learner\)`",
    ),
    "it exits": ("import sys\nsys.exit()\n", "importing {m} failed: SystemExit"),
    "it has an __init__": (
        LEARNER + "    def __init__(self): pass\n",
        "hyperparameters are annotated class attributes: remove __init__",
    ),
    "it is a dataclass": (
        "from dataclasses import dataclass\n"
        + LEARNER.replace("class", "@dataclass\nclass")
        + "    strength: float = 0.1\n",
        "hyperparameters are annotated class attributes: remove @dataclass",
    ),
    "vectorized is no truth value": (
        LEARNER + "    vectorized = 'no'\n",
        "vectorized must be True or False",
    ),
    "a hook with other arguments": (
        LEARNER + "    def penalty(self, params): return 0\n",
        r"Learner {m}:Mine, hook penalty \({m}.py:3\): it is called as penalty\(params, state\), "
        r"but defined with \(self, params\): write `def penalty\(self, params, state\)`",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), WRONG_MODULES.values(), ids=WRONG_MODULES.keys())
def test_a_wrong_module_gets_one_sentence(module, text, sentence):
    name = module(text)
    with pytest.raises(pb.BadInputError, match=sentence.format(m=name)) as caught:
        find_learner(f"{name}:Mine")
    assert "\n" not in str(caught.value)


def test_a_missing_module_and_an_unknown_baseline():
    with pytest.raises(pb.BadInputError, match="no module 'nowhere' in the current folder"):
        find_learner("nowhere:Learner")
    with pytest.raises(pb.BadInputError, match="Unknown learner 'adma'. Did you mean 'adam'"):
        find_learner("adma")


@pytest.mark.parametrize(
    ("body", "settings", "sentence"),
    [
        ("strength = 0.1", {"strength": 1.0}, "needs a type: `strength: float = ...`"),
        ("strength: float", {}, "the hyperparameter strength needs a default"),
        ("sizes: list = []", {}, "sizes must be an int, float, bool or str"),
        ("rate: 'flaot' = 1.0", {}, "an annotation is not defined: name 'flaot'"),
        ("copy: float = 1.0", {"self": 1}, "no hyperparameter 'self'"),
        (
            "rate: float = -1.0",
            {},
            "Mine: rate: input should be greater than or equal to 0, not -1.0. To allow negative "
            "numbers, declare `rate: Annotated[float, pydantic.Field(ge=...)]`.",
        ),
    ],
)
def test_wrong_declarations_of_hyperparameters(module, body, settings, sentence):
    name = module(f"{LEARNER}    {body}\n")
    with pytest.raises(pb.BadInputError, match=re.escape(sentence)):
        find_learner(f"{name}:Mine")(**settings)


@pytest.mark.parametrize(
    "reference", ["my_module.py:Learner", "./my_module:Learner", "a b:C", ":C"]
)
def test_what_is_not_a_modules_name(reference):
    with pytest.raises(pb.BadInputError, match="is not the name of a module"):
        find_learner(reference)


WRONG_STREAMS = {
    "it does not import": ("1 / 0\n", "importing '{m}' failed: ZeroDivisionError"),
    "no such stream in it": ("", "Unknown stream 'lab/Mine-v0'"),
    "it has no task": ("class Mine(pb.DatasetStream): pass\n", "cannot be made: Can't instantiate"),
    "its task raises": (
        "class Mine(pb.DatasetStream):\n    def task(self, seed, index): return 1 / 0\n",
        r"task\(0, 0\) raised ZeroDivisionError",
    ),
    "its task is nothing": (
        "class Mine(pb.DatasetStream):\n    def task(self, seed, index): return None\n",
        r"task\(0, 0\) must return a Task",
    ),
    "its targets do not fit": (
        "class Mine(pb.DatasetStream):\n    def task(self, seed, index):\n"
        "        return pb.Task(self.examples(seed), self.examples(seed))\n",
        r"must have whole numbers from 0 to 9 as targets",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), WRONG_STREAMS.values(), ids=WRONG_STREAMS.keys())
def test_a_wrong_stream_of_ones_own(module, tmp_path, text, sentence):
    register = "pb.register('lab/Mine-v0', Mine)\n" if "class" in text else ""
    name = module(f"import plasticity_bench as pb\n{text}{register}")
    registry = pb.streams.registry
    try:
        with pytest.raises(pb.BadInputError, match=sentence.format(m=name)):
            load(
                tmp_path,
                GOOD.replace("plasticity/RandomLabelDigits-v0", f"{name}:lab/Mine-v0").replace(
                    "num_examples: 40", ""
                ),
            )
    finally:
        registry._registered.pop("lab/Mine-v0", None)
        registry.gymnasium.registry.pop("lab/Mine-v0", None)


@pytest.mark.parametrize(
    "value", ["&a [*a]", "2020-13-01", "!!int abc", "1" * 5000, "'\\x01'", "{a: b: c}"]
)
def test_odd_yaml_gets_a_sentence(tmp_path, value):
    with pytest.raises(pb.BadInputError):
        load(tmp_path, GOOD.replace("seeds: 2", f"seeds: {value}"))
    assert yaml_source.scalar("2020-13-01") == "2020-13-01"


def test_a_slip_in_a_size_is_caught_before_it_fills_the_memory(tmp_path):
    with pytest.raises(pb.BadInputError, match="updates_per_task x batch_size is more than"):
        load(tmp_path, GOOD.replace("num_tasks: 3", "batch_size: 100000000000"))


def test_helpers_may_begin_with_an_underscore(module):
    name = module(LEARNER + "    def _help(self): return 0\n    size: int = 3\n")
    assert find_learner(f"{name}:Mine")(size=4).size == 4


def test_added_learners_get_labels_that_tell_them_apart(tmp_path):
    suite = load(tmp_path, GOOD)
    assert with_learners(suite.contenders, ["fresh"], {}) == ()
    assert (
        with_learners(suite.contenders, ["l2"], {"strength": 1e-3}) == ()
    )  # the suite has exactly this one
    labels = [
        c.label for c in with_learners(suite.contenders, ["l2", "sgd", "sgd"], {"step_size": 0.5})
    ]
    assert labels == ["l2 step_size=0.5", "sgd step_size=0.5"]
    assert with_learners(suite.contenders, ["adam"], {})[0].label == "adam"


def test_the_learning_rate_has_other_names(tmp_path):
    text = GOOD.replace("strength: 1e-3", "step_size: 0.5")
    suites = [load(tmp_path, text.replace("step_size", n)) for n in ("step_size", *ALIASES)]
    keys = [plan(suite, suite.contenders[1:], range(1))[0].runs[0].key for suite in suites]
    assert len(keys) == 3
    assert len(set(keys)) == 1
    for suite in suites:
        assert suite.contenders[1].learner.step_size == 0.5
        assert with_learners(suite.contenders, ["l2"], {"lr": 0.5}) == ()
    (added,) = with_learners(suites[0].contenders, ["sgd"], {"lr": 0.5})
    assert added.label == "sgd step_size=0.5"
    twice = "suite.yaml:9: learners.1..lr: Learner L2: step_size is given twice"
    with pytest.raises(pb.BadInputError, match=twice):
        load(tmp_path, text.replace("step_size: 0.5", "step_size: 0.5, lr: 0.5"))
    on_stream = BY_STREAM.replace("{step_size", "{lr").replace("strength: 0.5", "step_size: 0.5")
    contender = load(tmp_path, on_stream).contenders[1]
    assert contender.on("RandomLabelDigits-v0").learner.step_size == 0.25
    assert contender.learner.step_size == 0.5


BY_STREAM = GOOD.replace(
    "strength: 1e-3}", "strength: 0.5, streams: {RandomLabelDigits-v0: {step_size: 0.25}}}"
)


def test_a_learner_has_settings_of_its_own_on_a_stream(tmp_path):
    loaded = load(tmp_path, BY_STREAM)
    (group,) = [g for g in plan(loaded, loaded.contenders, range(1)) if g.label == "l2"]
    assert (group.learners[0].strength, group.learners[0].step_size) == (0.5, 0.25)
    assert group.runs[0].identity["learner"]["hyperparameters"]["step_size"] == 0.25
    contender = loaded.contenders[1]
    assert contender.learner.step_size == contender.on("another").learner.step_size == 1e-3


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        (
            "streams: {RandomLabelDigits",
            "streams: {RandomLabelDigit",
            "suite.yaml:9: learners.1.: l2 has settings for 'RandomLabelDigit-v0', not a stream. Did",
        ),
        ("{step_size", "{step_siz", "suite.yaml:9: .*'step_siz'.*Did you mean 'step_size'"),
    ],
)
def test_wrong_settings_on_a_stream_are_told(tmp_path, right, wrong, sentence):
    with pytest.raises(pb.BadInputError, match=sentence):
        load(tmp_path, BY_STREAM.replace(right, wrong))
