"""A network of a user's for all learners of a suite: named in the file, in keys, recorded apart."""

import importlib
import json
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import plasticity_bench as pb
from plasticity_bench.cli import main
from plasticity_bench.errors import BadInputError
from plasticity_bench.networks import num_parameters, own
from plasticity_bench.suite.loading import load_suite
from plasticity_bench.suite.planning import not_in_keys, plan
from tests.support.helpers import as_before

NETS = '''
import torch
from torch import nn


class TinyViT(nn.Module):
    def __init__(self, input_shape, num_outputs, dim=8, depth=1, stem="linear", scale=None):
        super().__init__()
        _, width = input_shape
        self.embed = nn.Linear(width, dim)
        layers = [nn.TransformerEncoderLayer(dim, 2, dim, dropout=0.0, batch_first=True)]
        self.blocks = nn.Sequential(*layers * depth)
        self.head = nn.Linear(dim, num_outputs)

    def forward(self, inputs):
        return self.head(self.blocks(self.embed(inputs)).mean(1))


def narrow(input_shape, num_outputs, width=32, activation="relu"):
    hidden = 2 * width if activation == "crelu" else width
    return nn.Sequential(nn.Flatten(), nn.Linear(64, hidden), nn.ReLU(), nn.Linear(hidden, num_outputs))


def wrong_shape(input_shape, num_outputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, num_outputs + 1))


def no_module(input_shape, num_outputs):
    return 3


def starred(*input_shape, num_outputs):
    return nn.Linear(1, 1)


def reading(input_shape, num_outputs):
    open("sizes.txt").close()
    return wrong_shape(input_shape, num_outputs - 1)
'''  # fmt: skip

SUITE = """\
suite: lab/own-v0
streams:
  - id: plasticity/RandomLabelDigits-v0
    num_tasks: 2
    updates_per_task: 5
    num_examples: 40
    network: {name: "my_nets:TinyViT", dim: 4}
learners: [fresh, adam]
seeds: 2
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "my_nets.py").write_text(NETS)
    with as_before(own._registered):
        yield tmp_path
    sys.modules.pop("my_nets", None)


def loaded(network='{name: "my_nets:TinyViT", dim: 4}', nets=NETS):
    Path("my_nets.py").write_text(nets)
    sys.modules.pop("my_nets", None)
    importlib.invalidate_caches()
    Path("suite.yaml").write_text(SUITE.replace('{name: "my_nets:TinyViT", dim: 4}', network))
    return load_suite("suite.yaml")


def keys(**given):
    suite = loaded(**given)
    return {run.key for group in plan(suite, suite.contenders, range(2)) for run in group.runs}


def test_its_keys_and_defaults_are_those_of_its_signature(here):
    network = loaded().streams[0].network
    assert network.parameters() == {
        "name": "my_nets:TinyViT",
        "dim": 4,
        "depth": 1,
        "stem": "linear",
        "input_shape": (8, 8),
        "num_outputs": 10,
    }
    json.dumps(network.identity())
    assert network.built.num_parameters == num_parameters(network) == 222
    again = pb.NetworkSpec(**json.loads(json.dumps(network.as_data())))
    assert again.parameters() | {"input_shape": (8, 8)} == network.parameters()


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ("my_nets:TinyVit", "has no class or function 'TinyVit'. Did you mean 'TinyViT'?"),
        ("my_nets:TinyViT, dmi: 3", "has no 'dmi': remove it.*Did you mean 'dim'?"),
        ("my_nets:TinyViT, stem: {a: 1}", "stem of the network my_nets:TinyViT must be a number"),
        ("my_nets:TinyViT, dim: 3", r"TinyViT: with dim=3, .* it raises .*\(my_nets.py:11\)"),
        ("my_nets:wrong_shape", r"must return outputs of shape \(2, 10\), not \(2, 11\)"),
        ("my_nets:no_module", "must return a torch.nn.Module, not a value of type int"),
        ("my_nets:starred", "its signature has input_shape, which has no name"),
        ("my_nets:torch", "neither a class nor a function"),
        ("other_nets:Net", "there is no module 'other_nets'"),
        ("my_nets.py:Net", "'my_nets.py' is not the name of a module; a network in my_module.py"),
        ("mpl", "should be 'mlp', 'cnn', .*, not 'mpl'. Did you mean 'mlp'?"),
        ("mlp, hidde: [3]", "hidde: unknown key. Did you mean 'hidden'?"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_line(here, network, expected, capsys):
    (here / "suite.yaml").write_text(SUITE.replace('"my_nets:TinyViT", dim: 4', network))
    assert main(["show", "suite.yaml"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("plasticity-bench: suite.yaml:7: streams[0].network")
    assert re.search(expected, line), line


def test_its_source_is_in_the_key(here):
    before = keys()
    assert keys(nets=NETS.replace("linear", "conv")) & before == set()
    assert keys(nets=NETS.replace(".mean(1)", ".sum(1)")) & before == set()
    assert keys(nets=NETS.replace("import torch", "# a comment\nimport torch", 1)) == before
    suite = loaded()
    assert suite.hash8 == loaded(nets=NETS.replace(".mean(1)", ".sum(1)")).hash8


def test_what_its_key_does_not_cover_is_said(here):
    (here / "sizes.txt").write_text("")
    suite = loaded("{name: my_nets:reading}")
    (sentence,) = not_in_keys(plan(suite, suite.contenders[:1], range(1)))
    assert sentence.startswith("my_nets:reading: my_nets.py:37 reads by open()")


def test_a_registered_name_stands_for_the_same_network(here, monkeypatch):
    by_reference = keys()
    module = importlib.import_module("my_nets")
    pb.register_network("tiny", module.TinyViT)
    pb.register_network("tiny", module.TinyViT)  # a cell that is run again
    assert keys(network="{name: tiny, dim: 4}") == by_reference
    with pytest.raises(BadInputError, match="registered already"):
        pb.register_network("tiny", module.narrow)
    with pytest.raises(BadInputError, match="letters, digits"):
        pb.register_network("a:b", module.narrow)


def test_an_entry_point_registers_a_network(here, monkeypatch):
    from importlib.metadata import EntryPoint

    known = [EntryPoint("installed", "my_nets:TinyViT", own.PLUGIN_GROUP)]
    monkeypatch.setattr(own, "entry_points", lambda group: known)
    assert own.registered_networks() == ["installed"]
    assert keys(network="{name: installed, dim: 4}") == keys()


def test_a_changed_copy_is_counted_and_matched(here):
    spec = loaded("{name: my_nets:narrow, width: 20}").streams[0].network
    assert num_parameters(spec) == 20 * 65 + 21 * 10
    matched = pb.match_num_parameters(spec, activation="crelu")
    assert matched.activation == "crelu" and matched.width == 10
    assert num_parameters(matched) == num_parameters(spec)
    with pytest.raises(BadInputError, match="has no 'norm'"):
        pb.match_num_parameters(spec, norm="layer")


def test_the_default_examples_of_a_measurement_are_at_most_those_of_a_task(here):
    assert loaded().protocol.curvature_examples == 40


POPULATION = """
import pickle, sys, torch
from plasticity_bench.programs.population import Population, Replica
group = pickle.load(open("group", "rb"))
torch.set_num_threads(1)
population = Population([Replica(0, group.learners[0])], group.suite_stream.network)
inputs = torch.ones(1, 4, 8, 8)
for _ in range(3):
    population.update(inputs, torch.zeros(1, 4, dtype=torch.int64))
assert population.unrecorded == "", population.unrecorded
assert population.costs.parameters == 1.0
print("my_nets" in sys.modules)
torch.save(population.predict(inputs), "logits")
"""


@pytest.mark.slow
def test_it_is_recorded_in_a_process_of_its_own_with_the_same_bits(here):
    suite = loaded()
    group = plan(suite, suite.contenders[1:], range(1))[0]
    assert group.has_user_code
    (here / "group").write_bytes(pickle.dumps(group))
    done = subprocess.run(
        [sys.executable, "-c", POPULATION], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
    population = pb.Population([pb.Replica(0, group.learners[0])], suite.streams[0].network)
    inputs = torch.ones(1, 4, 8, 8)
    for _ in range(3):
        population.update(inputs, torch.zeros(1, 4, dtype=torch.int64))
    assert torch.equal(population.predict(inputs), torch.load("logits"))


@pytest.mark.slow
def test_all_learners_of_a_suite_run_with_it(here, capsys):
    loaded()
    assert main(["run", "suite.yaml", "--learner", "l2_init", "--jobs", "1"]) == 0
    assert "l2_init" in capsys.readouterr().out
    assert main(["show", "suite.yaml"]) == 0
    assert "my_nets:TinyViT          222" in capsys.readouterr().out


@pytest.mark.slow
def test_check_takes_a_suites_stream_network_and_data(here, capsys):
    loaded()
    assert main(["check", "l2", "--suite", "suite.yaml", "-H", "strength=0.1"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "RandomLabelDigits-v0: its stream passed.",
        "RandomLabelDigits-v0: its network my_nets:TinyViT of 222 parameters passed.",
        "RandomLabelDigits-v0: l2 on both passed.",
    ]
    (here / "sizes.txt").write_text("")
    loaded("{name: my_nets:reading}")
    assert main(["check", "--suite", "suite.yaml"]) == 2
    assert "my_nets.py:37 reads by open(): results would keep" in capsys.readouterr().err


@pytest.mark.parametrize("given", [[], ["adam", "--suite", "quick", "--network", "mlp"]])
def test_check_says_what_to_give(given, capsys):
    assert main(["check", *given]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
