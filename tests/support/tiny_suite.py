"""A suite whose runs take a second."""

SUITE = """\
suite: test/tiny-v0
streams:
  - id: plasticity/RandomLabelDigits-v0
    num_tasks: 4
    updates_per_task: 10
    num_examples: 40
    network: {hidden: [8]}
  - id: plasticity/PermutedPixelDigits-v0
    num_tasks: 4
    updates_per_task: 10
    num_examples: 40
    network: {hidden: [8]}
learners:
  - {name: fresh, step_size: 3e-2}
  - {name: adam, step_size: 3e-2}
seeds: 2
measure:
  curvature: {every: 2, examples: 16}
"""
