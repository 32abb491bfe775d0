"""How a run is spread over processes and devices, and what its checkpoints depend on."""

import pytest
import torch

from plasticity_bench.errors import BadInputError
from plasticity_bench.running import execution
from plasticity_bench.running.execution import Execution, spread


@pytest.fixture
def gpus(monkeypatch):
    """Three GPUs, as far as PyTorch tells."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)


def devices(asked, jobs=None):
    return [how.device for how in spread(asked, jobs)]


def test_a_process_on_each_core_or_as_many_as_asked_for(monkeypatch):
    monkeypatch.setattr(execution, "available_cores", lambda: 5)
    assert devices("cpu") == ["cpu"] * 5
    assert devices("cpu", 2) == ["cpu"] * 2


def test_a_process_on_each_gpu(gpus):
    assert devices("cuda") == devices("auto") == ["cuda:0", "cuda:1", "cuda:2"]
    assert devices("cuda:2,cuda:0", jobs=7) == ["cuda:2", "cuda:0"]
    assert all(how.on_gpu for how in spread("cuda", None))


def test_settings_are_those_of_every_process(gpus):
    made = spread("cuda", None, tf32=True, replicas=9, run_seconds=5.0)
    assert {(how.tf32, how.replicas, how.run_seconds) for how in made} == {(True, 9, 5.0)}


def test_auto_is_the_cpu_without_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert set(devices("auto", 2)) == {"cpu"}


@pytest.mark.parametrize(
    "asked", ["cuda:7", "cuda:0,cuda:3", "gpu", "cuda:x", "cuda:0,,cuda:1", ""]
)
def test_devices_that_are_not_there_are_told(gpus, asked):
    with pytest.raises(BadInputError, match=r"--device .*: (choose auto|PyTorch sees 3)"):
        spread(asked, None)


def test_without_a_gpu_it_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(BadInputError, match="PyTorch sees 0 CUDA devices here. Use --device cpu"):
        spread("cuda", None)


def test_conditions_change_with_what_changes_bits(monkeypatch):
    plain = Execution("auto").conditions(1000)
    assert plain == Execution("off", replicas=3, run_seconds=1.0).conditions(1000)
    assert plain == Execution("on").conditions(1000)  # programs have the same bits compiled
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    on_gpu = [Execution(mode, device="cuda").conditions(1000) for mode in ("on", "off")]
    assert [k for k, v in on_gpu[0].items() if v != on_gpu[1][k]] == ["--compile"]
