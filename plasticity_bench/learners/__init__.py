"""What a user writes: the base class, its hyperparameters, and how a learner is found."""
