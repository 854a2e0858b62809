"""Runs, checkpoints, reconstruction and evaluation."""
