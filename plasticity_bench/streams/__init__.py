"""Streams of tasks, one kind of non-stationarity per file, and the registry of those shipped."""

from plasticity_bench.streams.permuted_classes import PermutedClasses
from plasticity_bench.streams.permuted_labels import PermutedLabels
from plasticity_bench.streams.permuted_pixels import PermutedPixels
from plasticity_bench.streams.random_labels import RandomLabels
from plasticity_bench.streams.registry import (
    load_plugins,
    make_stream,
    register,
    registered_streams,
)
from plasticity_bench.streams.stream import Stream, Task

__all__ = ["Stream", "Task", "make_stream", "register", "registered_streams"]

register("plasticity/RandomLabelDigits-v0", RandomLabels, num_examples=512)
register("plasticity/PermutedLabelDigits-v0", PermutedLabels, num_examples=512)
register("plasticity/PermutedClassDigits-v0", PermutedClasses, num_examples=512)
register("plasticity/PermutedPixelDigits-v0", PermutedPixels, num_examples=512)
load_plugins()
