"""What a suite says: its file, its data, and the learners that run in it."""
