"""Experience replay: each update sees some of all earlier examples again."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from plasticity_bench import Batch, Choice, Learner, Memory, Method, Noise, Params, State


class ExperienceReplay(Learner):
    """Add `replayed` examples of a memory to each batch; the memory is a uniform sample of all.

    The memory holds `capacity` examples. The t-th example, t = 0, 1, ..., takes place t while there
    is room, and then a place drawn from 0, ..., t, or none if that is no place of the memory. An
    update's loss is the mean over its batch and over `replayed` examples drawn from the memory with
    equal probability and none twice; its own batch is stored afterwards.

    Reservoir sampling, Vitter (1985), doi:10.1145/3147.3165; as Chaudhry et al. (2019),
    arXiv:1902.10486. Not verified against the authors' code, but against models/er.py and
    utils/buffer.py of https://github.com/aimagelab/mammoth, commit 2de9523, which evaluates it
    beside other methods.

    Departures: while the memory has fewer than `replayed` examples, some are taken twice, in a sum
    that counts as many as there are; there all are taken once.
    """

    capacity: Annotated[int, Field(ge=1)] = 256
    replayed: Annotated[int, Field(ge=1)] = 16
    search: ClassVar = {"capacity": Choice(64, 256, 1024), "replayed": Choice(8, 16, 32)}
    method = Method(
        paper="1902.10486",
        year=2019,
        authors="Chaudhry et al.",
        verified="paper",
        differences=(
            "Compared with the code of aimagelab/mammoth, which is not the authors'.",
            "While the memory has fewer than `replayed` examples, some are taken twice.",
        ),
    )

    def memory(self, params: Params) -> Memory:
        """Count the examples that have come."""
        return {"seen": torch.zeros((), dtype=torch.int64)}

    def stored_examples(self) -> int:
        """Keep a sample of all examples."""
        return self.capacity

    def update(self, batch: Batch, state: State, noise: Noise) -> State:
        """Do a step of the optimiser with the batch and the replayed examples."""
        places, count = self._drawn(state.memory["seen"], batch.inputs, noise)
        other = batch.replaced(
            _rows(state.memory["example_inputs"], places),
            _rows(state.memory["example_targets"], places),
        )
        share = count / (len(batch.inputs) + count)

        def objective(params: Params) -> Tensor:
            difference = other.loss(params) - batch.loss(params)
            return batch.objective(params) + share * difference

        gradients = batch.gradients(state.params, objective)
        state = state._replace(memory=self._stored(state.memory, batch, noise))
        return self.apply_gradients(gradients, state, noise)

    def _drawn(self, seen: Tensor, like: Tensor, noise: Noise) -> tuple[Tensor, Tensor]:
        """Different places of the memory, (replayed,), and how many examples that are."""
        filled = seen.clamp_max(self.capacity)
        keys = noise.uniform(like.new_zeros(self.capacity))
        places = torch.arange(self.capacity, device=like.device)
        order = torch.where(places < filled, keys, 2.0).argsort(stable=True)
        wanted = torch.arange(self.replayed, device=like.device)
        drawn = order.gather(0, wanted % filled.clamp_min(1))
        return drawn, filled.clamp_max(self.replayed).to(like.dtype)

    def _stored(self, memory: Memory, batch: Batch, noise: Noise) -> Memory:
        """The memory with the batch's examples, one after the other."""
        size = len(batch.inputs)
        order = torch.arange(size, device=batch.inputs.device)
        number = memory["seen"] + order
        drawn = noise.uniform(batch.inputs.new_zeros(size)).double() * (number + 1)
        place = torch.where(number < self.capacity, number, drawn.long())
        places = torch.arange(self.capacity, device=place.device)
        newest = torch.where(place == places[:, None], order, -1).amax(1)  # (capacity,)
        chosen = torch.where(newest < 0, size + places, newest)  # the old ones follow the new
        stored = {"seen": memory["seen"] + size}
        for name, new in (("inputs", batch.inputs), ("targets", batch.encoded_targets)):
            stored[f"example_{name}"] = _rows(torch.cat([new, memory[f"example_{name}"]]), chosen)
        return stored


def _rows(tensor: Tensor, chosen: Tensor) -> Tensor:
    """Rows of a tensor, by their numbers."""
    flat = tensor.flatten(1)
    rows = flat.gather(0, chosen[:, None].expand(-1, flat.shape[1]))
    return rows.reshape(len(chosen), *tensor.shape[1:])
