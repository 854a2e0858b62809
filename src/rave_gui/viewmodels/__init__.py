"""Qt-free presentation state."""
