"""What the application keeps beside a dataset and RAVE never sees: statistics, index, thumbnail of features, marks.

It lies in the folder ``.rave-gui`` of datasets made here, so that it moves with them. A dataset of somebody else's (adopted, or on
a disk that cannot be written) is left as it is; its things are kept in the user's own data folder under its path.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rave_gui.datasets.sidecar import FILE_NAME
from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.paths import AppPaths
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json, write_json
from rave_protocol.locks import OsLock

if TYPE_CHECKING:
    from rave_gui.datasets.read import Dataset

FOLDER = ".rave-gui"
MARKS = "marks.json"


def beside(dataset: Path, paths: AppPaths) -> Path:
    """The folder for what belongs to ``dataset``; it is not made here."""
    real = Path(os.path.realpath(dataset))
    if (real / FILE_NAME).is_file() and os.access(real, os.W_OK):
        return real / FOLDER
    name = hashlib.sha256(os.path.normcase(str(real)).encode("utf-8", "surrogateescape")).hexdigest()
    return paths.data / "datasets" / name[:20]


def fingerprint(dataset: Dataset) -> str:
    """Changes whenever the dataset does: number of records, LMDB's transaction number, size, and three of the records."""
    state = hashlib.sha256()
    meta = dataset.meta
    facts = (dataset.chunks, meta.transaction, meta.last_page, dataset.channels, dataset.sample_rate)
    state.update(repr(facts).encode())
    for index in sorted({0, dataset.chunks // 2, dataset.chunks - 1}):
        if 0 <= index < dataset.chunks:
            state.update(dataset.raw(index) or b"damaged")
    return state.hexdigest()


@contextlib.contextmanager
def working(folder: Path, name: str) -> Iterator[None]:
    """Hold the folder for one kind of work. Raises :class:`UserError` (``busy``) while another process does the same."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = OsLock(folder / f"{name}.lock")
    if not lock.acquire(timeout=1.0):
        raise UserError(
            tr("This dataset is being measured by another job right now."),
            tr("Wait for that job to end; its result will be used."),
            code="busy",
        )
    try:
        yield
    finally:
        lock.release()


def marks(dataset: Path, *, paths: AppPaths) -> frozenset[bytes]:
    """LMDB keys of the chunks that the user marked bad. An unreadable list of marks counts as none."""
    try:
        found = read_json(beside(dataset, paths) / MARKS).get("bad")
    except (OSError, ProtocolError):
        return frozenset()
    return (
        frozenset(str(one).encode("utf-8", "surrogateescape") for one in found)
        if isinstance(found, list)
        else frozenset()
    )


def set_marks(dataset: Path, keys: frozenset[bytes], *, paths: AppPaths) -> None:
    """Keep the list of chunks marked bad; in LMDB nothing changes. Raises :class:`OSError`."""
    folder = beside(dataset, paths)
    folder.mkdir(parents=True, exist_ok=True)
    names = sorted(key.decode("utf-8", "surrogateescape") for key in keys)
    write_json(folder / MARKS, {"format": 1, "dataset": str(dataset), "bad": names})
