"""Whatever happens to a run, nothing finished is lost and nothing wrong is counted."""
