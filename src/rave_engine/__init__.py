"""Drivers around the RAVE library; runs in the engine's own environment and is the only importer of torch and ``rave``."""
