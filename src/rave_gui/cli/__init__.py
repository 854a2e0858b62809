"""The rave-gui command line."""
