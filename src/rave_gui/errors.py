"""Errors a person can act on; everything else is a bug and is shown as one."""

from __future__ import annotations


class UserError(Exception):
    """What happened and why (``message``), what to do (``hint``), and what a helper would ask for (``details``).

    ``code`` is a stable word for programs (``no-audio``, ``engine-missing``); the command line exits with 3.
    """

    def __init__(self, message: str, hint: str = "", details: str = "", code: str = "user-error") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details
        self.code = code

    def to_json(self) -> dict[str, str]:
        """The object under ``error`` in ``--json`` output."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "details": self.details}


class JobError(Exception):
    """A job that was waited for ended without its result: failed, cancelled or interrupted.

    ``user`` True: a person can fix it (exit code 3); False: a fault of the program or a lost process (exit code 1).
    """

    def __init__(
        self, code: str, message: str, hint: str = "", details: str = "", *, user: bool = False, job: str = ""
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.details = details
        self.user = user
        self.job = job

    def to_json(self) -> dict[str, str]:
        """The object under ``error`` in ``--json`` output."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "details": self.details}
