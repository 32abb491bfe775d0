"""A stream that generates its inputs: clusters of points, with new centres in each task."""

from dataclasses import dataclass

import numpy as np

import plasticity_bench as pb
from plasticity_bench.errors import BadInputError


@dataclass(frozen=True, kw_only=True)
class MovingClusters(pb.Stream):
    """Each class consists of a few clusters of points; each task moves all clusters.

    Centres are standard normal. Points are normal around their centre, with a standard deviation of
    `spread`. Each task draws new points, and the same number of held-out points.

    Attributes:
        num_points: number of examples of a task.
        num_classes: number of classes.
        clusters_per_class: number of clusters of a class; with several, classes are not linearly
            separable.
        dimensions: number of dimensions of a point.
        spread: standard deviation of the points around their centre, at least 0.
    """

    num_points: int = 512
    num_classes: int = 4
    clusters_per_class: int = 3
    dimensions: int = 10
    spread: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.spread >= 0:
            raise BadInputError(f"spread must be at least 0, not {self.spread}.", key="spread")

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one point."""
        return (self.dimensions,)

    @property
    def num_outputs(self) -> int:
        """The number of classes."""
        return self.num_classes

    def size(self, index: int) -> int:
        """Return the number of examples of task `index`."""
        return self.num_points

    def task(self, seed: int, index: int) -> pb.Task:
        """Return task `index`, with new centres and new points around them."""
        rng = self.rng(seed, index)
        centres = rng.standard_normal((self.num_classes, self.clusters_per_class, self.dimensions))
        return self._points(rng, centres, test=self._points(rng, centres))

    def _points(
        self, rng: np.random.Generator, centres: np.ndarray, test: pb.Task | None = None
    ) -> pb.Task:
        classes = rng.integers(self.num_classes, size=self.num_points)
        clusters = rng.integers(self.clusters_per_class, size=self.num_points)
        noise = self.spread * rng.standard_normal((self.num_points, self.dimensions))
        points = (centres[classes, clusters] + noise).astype(np.float32)
        return pb.Task(None, classes, inputs=points, test=test)


def register() -> None:
    """Register the stream; plasticity-bench calls this function when it is imported."""
    pb.register("my-lab/MovingClusters-v0", MovingClusters)
