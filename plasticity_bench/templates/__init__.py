"""Templates that `plasticity-bench new` copies; they pass `check` unchanged."""
