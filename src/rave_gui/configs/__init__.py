"""Gin configurations and training presets."""
