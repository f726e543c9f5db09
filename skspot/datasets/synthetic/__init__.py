"""Synthetic videos of expressions."""
