"""Programs: a learner's update recorded as tensor operations, compiled, and run for replicas."""
