"""Streams of tasks, one kind of non-stationarity in each file, and their registry."""

from plasticity_bench.streams import presets
from plasticity_bench.streams.class_stream import ClassStream
from plasticity_bench.streams.dataset_stream import DatasetStream
from plasticity_bench.streams.registry import (
    make,
    make_stream,
    register,
    registered_streams,
    stream_of,
)
from plasticity_bench.streams.stream import Stream
from plasticity_bench.streams.task import Task

__all__ = [
    "ClassStream",
    "DatasetStream",
    "Stream",
    "Task",
    "make",
    "make_stream",
    "register",
    "registered_streams",
    "stream_of",
]

presets.register_all()
