"""The engine's environment: find it, install it, check it, and talk to it."""
