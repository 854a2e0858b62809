"""Messages between the application and the engine: versioned JSON, standard library only, typed on both sides.

Imported by ``rave_gui`` (Python >= 3.11, no torch) and by ``rave_engine`` (the engine's own interpreter). Nothing here may
import anything else of ours, and nothing from outside the standard library.
"""

PROTOCOL_VERSION = 1
"""Raised whenever a message changes in a way the other side could misread."""
