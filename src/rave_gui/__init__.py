"""RAVE GUI: the desktop application, the command line and the Python calls around the RAVE engine."""

__version__ = "0.1.0"
