"""Learners: the base class, its hyperparameters, optimisers and noise, and lookup by name."""
