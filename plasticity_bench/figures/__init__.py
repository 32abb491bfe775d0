"""Figures for papers, one kind in each file."""
