"""Follow the text a job prints (``log.txt``), which may hold anything."""

from __future__ import annotations

import re
from pathlib import Path

from rave_gui.viewmodels.job import LogLine

_ERROR = re.compile(r"^(Traceback|[\w.]*(Error|Exception)\b)")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
FIRST_BYTES = 2 << 20
"""Of a long log, this much of the end is read when the window opens."""


class LogTail:
    """Lines appended since the last :meth:`read`. Progress bars that rewrite their line are shown as their last state."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset: int | None = None
        self._rest = b""

    def read(self) -> list[LogLine]:
        """New complete lines; none while the file is not there."""
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, 2)
                if self._offset is None:
                    self._offset = max(0, size - FIRST_BYTES)
                if size < self._offset:
                    self._offset, self._rest = 0, b""
                file.seek(self._offset)
                block = file.read(FIRST_BYTES)
        except OSError:
            return []
        self._offset += len(block)
        data = self._rest + block
        whole, newline, self._rest = data.rpartition(b"\n")
        if not newline:
            return []
        return [classify(line.decode("utf-8", "replace")) for line in whole.split(b"\n")]


def classify(text: str) -> LogLine:
    """One printed line: control sequences removed, the last state of a rewritten line kept, its level guessed."""
    text = _ANSI.sub("", text.rstrip("\r")).rsplit("\r", 1)[-1].expandtabs(4)
    if _ERROR.match(text):
        return LogLine(text, "error")
    lowered = text.lower()
    if "warning" in lowered[:120]:
        return LogLine(text, "warning")
    return LogLine(text)
