"""The source code that a learner or a stream consists of, and what it depends on beside it."""
