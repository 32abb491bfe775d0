"""The protocol: a stream, a population, and what is measured when."""
