"""The engine's two kinds of expected ends."""

from __future__ import annotations

from rave_protocol.work import Cancelled, WorkError


class EngineError(WorkError):
    """Something a person can fix: what happened and why (``message``), what to do (``hint``)."""


__all__ = ["Cancelled", "EngineError"]
