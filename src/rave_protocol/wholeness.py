"""Which checkpoint of a run is the newest that is whole, and what a checkpoint says of itself; nothing is unpickled."""

from __future__ import annotations

import itertools
import pickletools
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_STEP = re.compile(r"^step[_=](\d+)$")
_VERSION = re.compile(r"^version_(\d+)$")


@dataclass(frozen=True)
class Newest:
    """The checkpoint to go on from, and those that are newer but damaged."""

    path: Path | None
    passed_over: tuple[Path, ...] = ()
    """Newest first."""


def newest_first(run: Path) -> list[Path]:
    """Checkpoints of a run or version folder: the highest ``version_N`` first, in it the highest step, then by time.

    ``best.ckpt`` comes after everything else of its version, as it is mostly not the end of a training.
    """
    files = (path for path in run.rglob("*.ckpt") if not path.name.startswith(".") and path.is_file())
    return sorted(files, key=_order, reverse=True)


def newest_whole(run: Path) -> Newest:
    """The newest checkpoint of a run of which every byte is as it was written; reads the file (about a second for a gigabyte)."""
    passed: list[Path] = []
    for path in newest_first(run):
        if is_whole(path):
            return Newest(path, tuple(passed))
        passed.append(path)
    return Newest(None, tuple(passed))


def is_whole(path: Path) -> bool:
    """Whether a checkpoint can be read to its end and every part has the checksum it was written with."""
    try:
        with zipfile.ZipFile(path) as file:
            pickled = any(name.rpartition("/")[2] == "data.pkl" for name in file.namelist())
            return pickled and file.testzip() is None
    except (
        OSError,
        EOFError,
        ValueError,
        RuntimeError,
        NotImplementedError,
        zipfile.BadZipFile,
        zlib.error,
    ):
        return False


@dataclass(frozen=True)
class Inside:
    """What a checkpoint says of itself."""

    step: int | None
    """Batches so far, in all; None where it does not say."""
    ours: bool
    """It holds everything that an exact continuation needs (the random state among it)."""


def look_inside(path: Path) -> Inside:
    """Read the names and numbers in a checkpoint without obeying what it says; of one that cannot be read nothing is known."""
    try:
        with zipfile.ZipFile(path) as file:
            name = next(n for n in file.namelist() if n.rpartition("/")[2] == "data.pkl")
            found = list(_words(file.read(name)))
    except (OSError, ValueError, RuntimeError, StopIteration, IndexError, zipfile.BadZipFile, zlib.error):
        return Inside(None, ours=False)
    step = next((after for word, after in itertools.pairwise(found) if word == "global_step"), None)
    return Inside(step if isinstance(step, int) else None, "rave_gui" in found and "random" in found)


def _words(data: bytes) -> Iterator[str | int | None]:
    """Texts and numbers of a pickle in their order, None for anything else that means something."""
    for code, value, _ in pickletools.genops(data):
        if code.name in ("BINPUT", "LONG_BINPUT", "MEMOIZE"):
            continue
        yield (
            value
            if isinstance(value, (str, int)) and not isinstance(value, bool) and "GET" not in code.name
            else None
        )


def _order(path: Path) -> tuple[int, bool, int, float]:
    versions = [int(match.group(1)) for part in path.parts if (match := _VERSION.match(part))]
    step = _STEP.match(path.stem)
    try:
        changed = path.stat().st_mtime
    except OSError:
        changed = 0.0
    return (
        versions[-1] if versions else -1,
        not path.stem.startswith("best"),
        int(step.group(1)) if step else -1,
        changed,
    )
