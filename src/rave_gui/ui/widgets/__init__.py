"""Widgets without knowledge of the application: they are given a theme manager and values, and emit signals."""
