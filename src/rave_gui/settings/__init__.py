"""The user's settings: declared in one schema, kept in one JSON file."""

from __future__ import annotations

from rave_gui.settings.schema import SCHEMA, Setting, Value
from rave_gui.settings.store import Settings, speak

__all__ = ["SCHEMA", "Setting", "Settings", "Value", "speak"]
