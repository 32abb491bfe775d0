"""From planned runs to stored results: pending runs, engines, checkpoints, progress, status."""
