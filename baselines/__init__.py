"""Learners that every table is compared with: one method per file, by the public API only."""
