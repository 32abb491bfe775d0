"""From planned runs to stored results: processes, clusters, checkpoints, and what they tell."""
