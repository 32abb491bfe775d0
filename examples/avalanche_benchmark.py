"""The tasks of a stream as the experiences of an Avalanche benchmark, with one of its strategies.

pip install avalanche-lib
python examples/avalanche_benchmark.py
"""

import torch
from avalanche.benchmarks import benchmark_from_datasets
from avalanche.benchmarks.scenarios import CLScenario
from avalanche.benchmarks.utils import as_classification_dataset
from avalanche.training import Naive
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import plasticity_bench as pb


class Examples(TensorDataset):
    """Inputs and labels as Avalanche expects them: the labels once more, as `targets`."""

    def __init__(self, inputs: torch.Tensor, targets: torch.Tensor) -> None:
        super().__init__(inputs, targets)
        self.targets = targets


def benchmark(stream: pb.Stream, seed: int) -> CLScenario:
    """Return a benchmark whose `train` stream has an experience for each task.

    Avalanche draws its own mini-batches, so that the order of examples differs from the stream's.
    """
    datasets = []
    for index in range(stream.num_tasks):
        task = stream.task(seed, index)
        inputs = torch.from_numpy(stream.inputs(task.examples))
        datasets.append(as_classification_dataset(Examples(inputs, torch.from_numpy(task.targets))))
    return benchmark_from_datasets(train=datasets)


if __name__ == "__main__":
    torch.manual_seed(0)
    stream = pb.make_stream("plasticity/RandomLabelDigits-v0", num_tasks=3, num_examples=128)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    strategy = Naive(
        model=network,
        optimizer=torch.optim.Adam(network.parameters(), 3e-3),
        criterion=nn.CrossEntropyLoss(),
        train_mb_size=32,
        train_epochs=50,
        evaluator=None,
    )
    for experience in benchmark(stream, seed=0).train_stream:
        strategy.train(experience)
        loader = DataLoader(experience.dataset, batch_size=len(experience.dataset))
        inputs, targets, *_ = next(iter(loader))
        with torch.no_grad():
            accuracy = (network(inputs).argmax(1) == targets).float().mean().item()
        print(f"task {experience.current_experience}: {accuracy:.3f}")
