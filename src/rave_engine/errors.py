"""The engine's two kinds of expected ends."""

from __future__ import annotations


class EngineError(Exception):
    """Something a person can fix: what happened and why (``message``), what to do (``hint``)."""

    def __init__(self, code: str, message: str, hint: str = "", details: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.details = details


class Cancelled(Exception):  # noqa: N818 - an outcome, not an error
    """The user asked for the work to end now; what is unfinished is dropped."""
