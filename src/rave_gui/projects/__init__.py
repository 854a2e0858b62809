"""The project folder, its SQLite store and migrations."""

from rave_gui.projects.project import Project
from rave_gui.projects.store import Record, Store

__all__ = ["Project", "Record", "Store"]
