"""Appending to and following JSON-lines files, and replacing small files whole.

Used on both sides: the application follows events.jsonl while the engine follows commands.jsonl.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from rave_protocol.codec import ProtocolError, dumps, loads


def append_line(path: Path, value: Any) -> None:
    """Append one JSON object as one line with a single write, so that concurrent writers do not interleave.

    A line that a killed writer left without its end is closed first; the torn half is then one malformed line on its own.
    """
    data = (dumps(value) + "\n").encode()
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o644)
    try:
        size = os.fstat(fd).st_size
        if size:
            os.lseek(fd, size - 1, os.SEEK_SET)
            if os.read(fd, 1) != b"\n":
                data = b"\n" + data
        os.write(fd, data)
    finally:
        os.close(fd)


class LineFollower:
    """Reads what was appended to a JSON-lines file since the last call.

    ``malformed`` counts lines that are not JSON objects; a last line without its end is left for the next call. A file that
    does not exist yet has no lines. A file that became shorter is read from its start again.
    """

    def __init__(self, path: Path, offset: int = 0) -> None:
        self.path = path
        self.offset = offset
        self.malformed = 0

    def read(self, limit: int = 4 << 20) -> list[dict[str, Any]]:
        """New complete lines as JSON objects, at most about ``limit`` bytes of them; call again for more."""
        try:
            with self.path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size < self.offset:
                    self.offset = 0
                if size == self.offset:
                    return []
                file.seek(self.offset)
                block = file.read(limit)
                if b"\n" not in block and len(block) == limit:
                    block += file.readline()
        except FileNotFoundError:
            return []
        end = block.rfind(b"\n") + 1
        self.offset += end
        found: list[dict[str, Any]] = []
        for line in block[:end].splitlines():
            if not line.strip():
                continue
            try:
                found.append(loads(line.decode()))
            except (ProtocolError, UnicodeDecodeError):
                self.malformed += 1
        return found


def replace_text(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old or the new contents, never half; survives a kill at any moment.

    Retries for a second where another process holds the target open (Windows).
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with aside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    replace_file(aside, path)


def replace_file(aside: Path, path: Path) -> None:
    """``os.replace`` with the retries that Windows needs while a reader has the target open."""
    for attempt in range(20):
        try:
            aside.replace(path)
            return
        except PermissionError:
            if attempt == 19:
                raise
            time.sleep(0.05)


def write_json(path: Path, value: Any) -> None:
    """:func:`replace_text` with one indented JSON document."""
    replace_text(path, dumps(value, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object. Raises :class:`FileNotFoundError` or :class:`ProtocolError`."""
    try:
        return loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise ProtocolError(f"{path.name}: {error}") from None
