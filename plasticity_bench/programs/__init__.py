"""Members of one learner, trained in one computation: recorded, compiled, checked."""
