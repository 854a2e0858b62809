"""Experiments: all runs in one table, comparison, reports, TensorBoard."""
