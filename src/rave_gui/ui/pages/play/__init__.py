"""Hear sounds through a model."""
