"""The way from sounds to a model: choose, train, listen, export."""
