"""Datasets of the project."""
