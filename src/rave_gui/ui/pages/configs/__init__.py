"""Configurations: library, composition, own files, templates."""
