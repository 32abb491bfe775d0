"""`diagnose` as a user meets it: files in, a table, JSON and a picture out, one sentence of error."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import plasticity_bench as pb
from plasticity_bench.cli import main

NETWORK = """
import torch
from torch import nn

def make(width=8):
    print("making")
    return nn.Sequential(nn.Flatten(), nn.Linear(12, width), nn.ReLU(), nn.Linear(width, 5))

def wider():
    return make(9)

def nothing():
    return None

def fails():
    raise KeyError("no such size")
"""
FEW = ["--measure", "fisher_srank99", "--measure", "parameter_norm"]


def make():
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 5))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A current folder with a network's file, its parameters and a batch."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "their_network", None)  # afterwards, too, it is not imported
    monkeypatch.delitem(sys.modules, "their_network")
    (tmp_path / "their_network.py").write_text(NETWORK)
    torch.manual_seed(1000)
    torch.save(make().state_dict(), "model.pt")
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(20, 3, 4)).astype(np.float32)
    np.savez("batch.npz", inputs=inputs, targets=generator.integers(5, size=20))
    return tmp_path


def diagnose(*arguments, state="model.pt", network="their_network:make", data="batch.npz"):
    return main(["diagnose", state, "--network", network, "--data", data, *arguments])


def batch():
    with np.load("batch.npz") as arrays:
        return torch.from_numpy(arrays["inputs"]), torch.from_numpy(arrays["targets"])


def expected():
    network = make()
    network.load_state_dict(torch.load("model.pt", weights_only=True))
    return pb.diagnose(
        network,
        *batch(),
        fresh=make,
        fresh_seeds=2,
        measurements=["fisher_srank99", "parameter_norm"],
    )


def test_the_table_is_that_of_the_function(capsys):
    assert diagnose("--fresh", "2", *FEW) == 0
    out, err = capsys.readouterr()
    assert out == f"{expected()!r}\n"
    assert "making" in err  # what users' code prints is not data
    assert diagnose("--fresh", "2", *FEW, "--format", "markdown", "--layers") == 0
    assert "| parameter_norm/1 " in capsys.readouterr().out


@pytest.mark.slow
def test_json_and_a_picture_are_written(folder, capsys):
    pytest.importorskip("matplotlib")
    assert diagnose("--json", "d.json", "--plot", "d.png", "--fresh", "2", *FEW) == 0
    assert json.loads((folder / "d.json").read_text()) == expected().as_dict()
    assert (folder / "d.png").stat().st_size > 1000
    assert "Numbers: d.json" in capsys.readouterr().err


def saved(state):
    torch.save(state, "other.pt")
    return "other.pt"


@pytest.mark.parametrize(
    "form",
    [
        lambda state: saved({"state_dict": state, "epoch": 3}),
        lambda state: saved({"model": state}),
        lambda state: saved({f"module.{name}": value for name, value in state.items()}),
        lambda state: saved({f"_orig_mod.{name}": value for name, value in state.items()}),
        lambda state: save_file(state, "other.safetensors") or "other.safetensors",
    ],
)
def test_parameters_are_taken_in_every_usual_form(form, capsys):
    state = torch.load("model.pt", weights_only=True)
    assert diagnose("--fresh", "2", *FEW, state=form(state)) == 0
    assert capsys.readouterr().out == f"{expected()!r}\n"


@pytest.mark.parametrize(
    "form",
    [
        lambda x, y: torch.save((x, y), "b.pt") or "b.pt",
        lambda x, y: torch.save({"x": x, "y": y}, "b.pt") or "b.pt",
        lambda x, y: (
            save_file({"pixel_values": x, "labels": y}, "b.safetensors") or "b.safetensors"
        ),
    ],
)
def test_batches_are_taken_in_every_usual_form(form, capsys):
    assert diagnose("--fresh", "2", *FEW, data=form(*batch())) == 0
    assert capsys.readouterr().out == f"{expected()!r}\n"


def test_inputs_alone_have_no_loss(capsys):
    torch.save(batch()[0], "inputs.pt")
    assert diagnose("--fresh", "2", *FEW, data="inputs.pt") == 0
    assert "n/a: fisher_srank99: it needs targets" in capsys.readouterr().out


def test_a_network_of_the_benchmark_is_named_as_in_a_suite(capsys):
    spec = pb.NetworkSpec(hidden=(6,), input_shape=(3, 4), num_outputs=5)
    state = saved(pb.build_network(spec).state_dict())
    assert diagnose("--fresh", "2", *FEW, state=state, network="{name: mlp, hidden: [6]}") == 0
    assert "113 parameters" in capsys.readouterr().out


def test_initial_parameters_give_the_distance(capsys):
    assert diagnose("--initial", "model.pt", "--measure", "distance_from_init") == 0
    assert "distance_from_init       0 " in capsys.readouterr().out


def whole_network():
    torch.save(make(), "whole.pt")
    return {"state": "whole.pt"}


def nan_weights():
    state = make().state_dict()
    state["1.bias"][0] = float("nan")
    return {"state": saved(state)}


def damaged():
    Path("damaged.pt").write_bytes(b"PK\x03\x04 no such archive")
    return {"state": "damaged.pt"}


def no_weights():
    return {"state": saved({"epoch": 3})}


def fewer():
    state = make().state_dict()
    del state["3.bias"]
    return {"state": saved(state)}


def more():
    return {"state": saved(make().state_dict() | {"4.bias": torch.zeros(5)})}


def objects():
    np.savez("objects.npz", inputs=np.array([object()]), targets=np.zeros(1))
    return {"data": "objects.npz"}


def no_inputs():
    np.savez("other.npz", features=np.zeros((4, 12), np.float32))
    return {"data": "other.npz"}


def wrong_shape():
    np.savez("other.npz", inputs=np.zeros((4, 7), np.float32))
    return {"data": "other.npz"}


def out_of_range():
    np.savez("other.npz", inputs=np.zeros((4, 12), np.float32), targets=np.array([0, 1, 2, 5]))
    return {"data": "other.npz"}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"state": "none.pt"}, "none.pt does not exist: give a file."),
        ({"state": "."}, ". is a folder: give a file."),
        (whole_network, "whole.pt holds Python objects, such as a whole network"),
        (damaged, "damaged.pt cannot be read: it is damaged, or not a file of torch.save"),
        (no_weights, "'epoch' is a int, not a tensor. Save network.state_dict()"),
        (nan_weights, "The parameter 1.bias is NaN or infinite in 1 of its 8 entries"),
        (fewer, "has no '3.bias', which the network has (1 of 4 are missing)"),
        (more, "has '4.bias', which the network lacks (1 of 5 are unknown)"),
        ({"network": "their_network:wider"}, "1.weight has shape (8, 12), and in the network (9, 12)"),
        ({"network": "their_network:maker"}, "no callable 'maker'. Did you mean 'make'?"),
        ({"network": "no_such_file:make"}, "there is no module 'no_such_file' in the current folder"),
        ({"network": "their_network:nothing"}, "it returns a NoneType, not a torch.nn.Module"),
        ({"network": "their_network:fails"}, "the call failed: KeyError: 'no such size'"),
        ({"network": "their_network.py"}, "give module:callable"),
        ({"network": "{name: mlp, hiddens: [8]}"}, "no key 'hiddens'. Did you mean 'hidden'?"),
        ({"network": "{name: mlp, hidden: [8]}"}, "the parameters have no 'head.bias'"),
        ({"network": "{name: mlp, name: cnn}"}, "name"),
        ({"network": "{name: mlp"}, "--network:1: not valid YAML"),
        ({"data": "none.npz"}, "none.npz does not exist"),
        ({"data": "their_network.py"}, "their_network.py cannot be read: it is damaged, or not"),
        (objects, "objects.npz cannot be read as a .npz of numbers"),
        (no_inputs, "holds a dict with 'features', in which the batch is not found"),
        (wrong_shape, "The network cannot be applied to inputs of shape (4, 7)"),
        (out_of_range, "Labels are from 0 to 4"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(given, sentence, capsys):
    assert diagnose(**(given() if callable(given) else given)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    last = err.splitlines()[-1]
    assert last.startswith("plasticity-bench: ")
    assert sentence in last
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--measure", "dormant"], "Unknown measurement 'dormant'. Did you mean 'dormant_units'?"),
        (["--measure", "all", "--measure", "fisher"], "--measure all is everything"),
        (["--plot", "d.gif"], "--plot d.gif: a figure's file ends in .png"),
        (["--memory-gb", "0"], "memory_gb must be a number of more than 0"),
    ],
)
def test_bad_options_are_one_sentence(options, sentence, capsys):
    assert diagnose(*options) == 2
    assert sentence in capsys.readouterr().err


def test_a_file_that_runs_code_is_not_run(folder, capsys):
    class Harmful:
        def __reduce__(self):
            return (open, (str(folder / "written"), "w"))

    torch.save({"state_dict": Harmful()}, "harmful.pt")
    assert diagnose(state="harmful.pt") == 2
    assert "would run code" in capsys.readouterr().err
    assert not (folder / "written").exists()
