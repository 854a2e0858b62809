"""Start, watch, stop and resume training runs."""
