"""Which operations run together, and which of their values are stored."""

import torch

from plasticity_bench.programs.groups import grouped
from plasticity_bench.programs.lowering import Lowering
from plasticity_bench.programs.program import Elementwise
from plasticity_bench.programs.schedule import plan
from plasticity_bench.recording.fx_graphs import recorded


def lowered(function, *arguments):
    return Lowering(recorded(lambda *given: [function(*given)], arguments))


def test_what_only_a_later_group_reads_is_computed_there_and_not_stored():
    def update(params, start, outer, inner):
        penalty = 0.02 * (params - start)  # can be computed at once; the product is not there yet
        gradient = outer @ inner + penalty
        return params - 0.1 * gradient

    made = lowered(update, torch.ones(16, 16), *torch.ones(2, 16, 16), torch.ones(16, 16))
    groups = grouped(made.steps)
    assert [sum(isinstance(step, Elementwise) for step in group) for group in groups] == [0, 5]
    assert plan(made.inputs, made.steps, made.outputs).memory == 4 * 16 * 16  # of the product


def test_a_group_reads_each_others_elements_and_no_views_of_them():
    made = lowered(lambda x: (x + 1) * (x + 1).t(), torch.ones(4, 4))
    groups = grouped(made.steps)
    done = set()
    for group in groups:
        inside = {value for step in group for value in step.outputs}
        for step in group:
            for value in step.inputs:
                assert value.root in made.inputs or value.root in done or value in inside
        done |= inside
    assert len(groups) == 2
