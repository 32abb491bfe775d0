"""Streams whose tasks are made of one data set."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from plasticity_bench import data
from plasticity_bench.errors import BadInputError
from plasticity_bench.seeding import Branch, generator
from plasticity_bench.streams.stream import Stream
from plasticity_bench.streams.task import Floats, Integers, Task


@dataclass(frozen=True, kw_only=True)
class DatasetStream(Stream):
    """A stream of tasks over the examples of a data set.

    Attributes:
        dataset: name of the data set the tasks are made of; or the data set of a loader, as
            `from_image_folder`, or what a suite's file has for one: `{image_folder: photos}`. The
            attribute is its name.
        num_examples: size of the subset a seed draws for its tasks; None for all.
        new_examples: whether every task draws its own subset, rather than the seed one for all
            tasks.
    """

    dataset: str = "digits"  # given, also a `data.Dataset` or a mapping
    num_examples: int | None = None
    new_examples: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "dataset", _name_of(self.dataset))
        if not isinstance(self.dataset, str):
            raise BadInputError(f"dataset must be a name, not {self.dataset!r}.", key="dataset")
        if self.num_examples is not None:
            self._check_counts("num_examples")
            available = data.source(self.dataset).num_train
            if self.num_examples > available:
                raise BadInputError(
                    f"num_examples is {self.num_examples}, but {self.dataset} has only "
                    f"{available}.",
                    key="num_examples",
                )

    @classmethod
    def registered_defaults(
        cls, defaults: Mapping[str, Any], given: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Return the parameters of an id; without a subset where other data have no more."""
        name = _name_of(given.get("dataset"))
        most = defaults.get("num_examples")
        if not most or not isinstance(name, str) or data.source(name).num_train >= most:
            return defaults
        return {key: value for key, value in defaults.items() if key != "num_examples"}

    @property
    def data(self) -> data.Dataset:
        """The data set behind the tasks, loaded once in a process.

        Sizes are known without it, from its source.

        Raises:
            BadInputError: if it does not exist, or is not on this machine.
        """
        return data.load(self.dataset)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        return data.source(self.dataset).input_shape

    @property
    def num_outputs(self) -> int:
        """How many classes the data set has."""
        return data.source(self.dataset).num_classes

    @property
    def input_bounds(self) -> tuple[float, float]:
        """The values of the darkest and the brightest pixel."""
        return self.data.bounds

    @property
    def num_rows(self) -> int:
        """The number of rows of the data set, with its test part."""
        return len(self.data.labels)

    def size(self, index: int) -> int:
        """Return how many examples task `index` has."""
        return self.num_examples or data.source(self.dataset).num_train

    def examples(self, seed: int, index: int = 0) -> Integers:
        """Return the rows, (size,), in random order, that task `index` of a seed is made of."""
        drawn = generator(seed, Branch.EXAMPLES, index if self.new_examples else 0)
        return drawn.permutation(data.source(self.dataset).num_train)[: self.num_examples]

    def held_out(self, input_permutation: Integers | None = None) -> Task | None:
        """Return the data set's test part with its true labels; None if it has none."""
        rows = np.arange(self.data.num_train, len(self.data.labels))
        return Task(rows, self.data.labels[rows], input_permutation) if len(rows) else None

    def inputs(self, examples: Integers) -> Floats:
        """Return rows of the data set as a network sees them, (len(examples), *input_shape)."""
        return self.data.inputs(examples)

    def data_fingerprint(self) -> str:
        """Return the fingerprint of the data set."""
        return self.data.fingerprint


def _name_of(dataset: Any) -> Any:
    """The name of a data set that is given as one, or as a suite's file has it."""
    if isinstance(dataset, Mapping):
        from plasticity_bench.data import dataset_entry  # which few streams need

        dataset = dataset_entry.from_mapping(dataset)
    return dataset.name if isinstance(dataset, data.Dataset) else dataset
