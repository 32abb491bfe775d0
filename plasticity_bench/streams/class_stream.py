"""Streams whose tasks are some classes of a data set."""

from dataclasses import dataclass

import numpy as np

from plasticity_bench import data
from plasticity_bench.errors import BadInputError
from plasticity_bench.seeding import Branch, generator
from plasticity_bench.streams.dataset_stream import DatasetStream
from plasticity_bench.streams.task import Integers, Task


@dataclass(frozen=True, kw_only=True)
class ClassStream(DatasetStream):
    """A stream that draws classes in an order that depends on the seed.

    Attributes:
        train_per_class: training examples of each class; None for as many as the smallest has, so
            that tasks of all seeds have the same size.
        test_per_class: test examples of each class, taken from the training part, apart from those
            that are trained on; None for the data set's own test part.
    """

    train_per_class: int | None = None
    test_per_class: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("train_per_class", "test_per_class"):
            if getattr(self, name) is not None:
                self._check_counts(name)
        if self.num_examples is not None:
            raise BadInputError(
                "num_examples has no effect where tasks are classes: set train_per_class.",
                key="num_examples",
            )

    @property
    def all_classes(self) -> int:
        """How many classes the data set has."""
        return data.source(self.dataset).num_classes

    @property
    def class_size(self) -> int:
        """How many training examples are taken of each class."""
        if self.train_per_class:
            return self.train_per_class
        known = data.source(self.dataset).per_class[0]
        smallest = known or min(map(len, self.data.rows_by_class))
        return smallest - (self.test_per_class or 0)

    def classes(self, seed: int, first: int, count: int) -> Integers:
        """Return `count` classes of a seed's endless order, from position `first`.

        All classes appear once before any appears again, then in another order.
        """
        places = np.arange(first, first + count)
        rounds = places // self.all_classes
        orders = {
            number: generator(seed, Branch.CLASSES, number).permutation(self.all_classes)
            for number in np.unique(rounds).tolist()
        }
        return np.array(
            [orders[r][p % self.all_classes] for r, p in zip(rounds, places, strict=True)]
        )

    def of_classes(self, seed: int, index: int, classes: Integers) -> Task:
        """Return the task of classifying some classes, with their true labels, shuffled.

        Raises:
            BadInputError: if some class has fewer examples than requested.
        """
        train, test = [], []
        split, end = self.class_size, self.class_size + (self.test_per_class or 0)
        smallest = min(map(len, self.data.rows_by_class))
        if smallest < end:
            raise BadInputError(
                f"{end} examples of each class are requested, but a class of {self.dataset} has "
                f"only {smallest}.",
                key="train_per_class",
            )
        for classes_of_task in classes.tolist():
            rows = generator(seed, Branch.EXAMPLES, classes_of_task).permutation(
                self.data.rows_by_class[classes_of_task]
            )
            train.append(rows[:split])
            test.append(rows[split:end])
        examples = self.rng(seed, index).permutation(np.concatenate(train))
        held_out = np.concatenate(test)
        if self.test_per_class is None:
            rows = np.arange(self.data.num_train, len(self.data.labels))
            held_out = rows[np.isin(self.data.labels[rows], classes)]
        labels = self.data.labels
        return Task(
            examples,
            labels[examples],
            test=Task(held_out, labels[held_out]) if len(held_out) else None,
        )
