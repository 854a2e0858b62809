"""Exported models and their verification."""
