"""Runs of the project."""
