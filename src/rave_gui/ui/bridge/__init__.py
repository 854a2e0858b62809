"""The one place where threads and the window meet."""

from rave_gui.ui.bridge.bridge import Bridge, Stop, Task

__all__ = ["Bridge", "Stop", "Task"]
