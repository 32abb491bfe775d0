"""The search for hyperparameters: the same budget for every learner, on seeds never scored."""
