"""From planned cells to stored results: processes, clusters, checkpoints, and what they tell."""
