"""SGD on a stream in a loop of PyTorch's: the scores are those of `plasticity_bench.evaluate`.

python examples/plain_loop.py
"""

import torch
from torch import nn

import plasticity_bench as pb
from plasticity_bench.seeding import Branch, integer


def accuracy_of_each_task(
    stream: pb.Stream, spec: pb.NetworkSpec, seed: int, step_size: float
) -> list[float]:
    """Return the accuracy on each task's examples at its end."""
    torch.manual_seed(integer(seed, Branch.PARAMETERS, 0))  # as the evaluator draws parameters
    network = pb.build_network(spec)
    optimizer = torch.optim.SGD(network.parameters(), lr=step_size)
    accuracies = []
    for index in range(stream.num_tasks):
        task = stream.task(seed, index)
        inputs = torch.from_numpy(stream.inputs(task.examples))
        targets = torch.from_numpy(task.targets)
        for rows in stream.batches(seed, index):
            loss = nn.functional.cross_entropy(network(inputs[rows]), targets[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            accuracies.append((network(inputs).argmax(1) == targets).double().mean().item())
    return accuracies


if __name__ == "__main__":
    stream = pb.make_stream("plasticity/RandomLabelDigits-v0", num_tasks=5)
    spec = pb.NetworkSpec(hidden=(64, 64), input_shape=stream.input_shape, num_outputs=10)
    for index, accuracy in enumerate(accuracy_of_each_task(stream, spec, seed=0, step_size=0.1)):
        print(f"task {index}: {accuracy:.3f}")
