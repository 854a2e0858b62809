"""Looks: one token file from which the light, dark and high-contrast themes are made, and what applies them."""
