"""What `plasticity-bench new` writes: files that are complete, and pass `check` as they stand."""
