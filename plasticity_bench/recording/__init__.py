"""A learner's Python, called once: what its hooks do is recorded as graphs of tensor operations.

A record is plain data. Training and measuring run records; no hook is called there.
"""
