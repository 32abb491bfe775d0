"""Diagnosis of any PyTorch network: all measurements, beside those of fresh networks."""
