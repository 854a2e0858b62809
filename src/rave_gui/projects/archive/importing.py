"""Unpacking a project's archive: the working function of the ``project-import`` job.

Nothing is written before every check that needs no unpacking has passed (:mod:`.checking`). The project is made aside
(``.<name>.importing``) and renamed when it is whole; entries that were verified before an interruption are not unpacked again.
What came is data only: no job of it is this user's, and no configuration of it may run code.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.projects.archive.checking import Checked, Limits, check, damaged
from rave_gui.projects.archive.exporting import check_space, refused
from rave_gui.projects.archive.layout import BLOCK, DATABASE, Entry
from rave_gui.projects.archive.rate import Context, Meter
from rave_gui.projects.archive.received import rebuild_database, settle_jobs
from rave_gui.projects.project import FOLDERS, Project
from rave_gui.projects.relocate import relocate
from rave_gui.projects.store import Store
from rave_protocol.files import replace_file
from rave_protocol.locks import OsLock, boot_id
from rave_protocol.specs import ProjectImportParams

_JOURNAL = ".import.jsonl"
RECEIVED = ".received.db"
"""The archive's database while it is read; it is never opened as a project's."""


@dataclass(frozen=True)
class Place:
    """Where an import works. The lock lies beside the folder, which is renamed at the end."""

    output: Path

    @property
    def building(self) -> Path:
        """The project while it is not whole."""
        return self.output.with_name(f".{self.output.name}.importing")

    @property
    def lock(self) -> Path:
        """Held while a job works there."""
        return self.output.with_name(f".{self.output.name}.importing.lock")


def run(params: ProjectImportParams, job: Context) -> dict[str, Any]:
    """Import; result: path, name, entries, bytes, left_out, notes. Raises as :func:`check` does and :class:`UserError` output-exists,
    archive-damaged, disk-full, not-writable, busy, project-newer. A cancel removes what was begun.
    """
    output = Path(params.output)
    refuse_folder(output)
    checked = check(Path(params.archive), Limits(params.max_entries, params.max_bytes))
    check_paths(output, checked.manifest.entries)
    place = Place(output)
    lock = OsLock(place.lock)
    done = False
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        if not lock.acquire(timeout=1.0):
            raise UserError(
                tr("Another job is unpacking into {path} right now.", path=output),
                tr("Wait for it to end, or choose another folder."),
                code="busy",
            )
        result = _Import(checked, place, job).run()
        done = True
    except OSError as error:
        raise refused(output, error) from error
    except UserError as error:
        done = error.code in ("archive-damaged", "archive-unsafe", "project-newer")
        raise
    finally:
        if job.cancelled or done:
            shutil.rmtree(place.building, ignore_errors=True)
            with contextlib.suppress(OSError):  # Windows keeps a file that is open
                place.lock.unlink(missing_ok=True)
        lock.release()
    return result


def refuse_folder(output: Path) -> None:
    """Raises :class:`UserError` (``output-exists``) unless ``output`` is free or an empty folder."""
    if os.path.lexists(output) and (output.is_symlink() or not output.is_dir() or any(output.iterdir())):
        raise UserError(
            tr("{path} exists already. Nothing in it was changed.", path=output),
            tr("Choose a new folder for the project."),
            code="output-exists",
        )


def check_paths(output: Path, entries: list[Entry]) -> None:
    """Raises :class:`UserError` (``name-too-long``) where whole paths would be too long: systems take 260 characters (Windows) or 1024 (macOS)."""
    longest = max((len(os.fsencode(str(output / entry.path))) for entry in entries), default=0)
    limit = 259 if os.name == "nt" else 1023
    if longest > limit:
        raise UserError(
            tr(
                "The folder {path} is too deep: some files of the project would have names that are too long.",
                path=output,
            ),
            tr("Choose a folder with a shorter path."),
            f"{longest} bytes, {limit} are possible",
            code="name-too-long",
        )


class _Import:
    def __init__(self, checked: Checked, place: Place, job: Context) -> None:
        self.checked = checked
        self.building = place.building
        self.output = place.output
        self.job = job

    def run(self) -> dict[str, Any]:
        entries = self.checked.manifest.entries
        done = self._done()
        left = [entry for entry in entries if entry.path not in done]
        check_space(self.output.parent, sum(entry.size for entry in left))
        self._unpack(left, sum(entry.size for entry in entries))
        notes = self._make_ours()
        self.job.check_cancel()
        for name in (_JOURNAL, RECEIVED):
            (self.building / name).unlink(missing_ok=True)
        refuse_folder(self.output)
        if self.output.exists():
            self.output.rmdir()
        replace_file(self.building, self.output)
        return {
            "path": str(self.output),
            "name": Project.open(self.output).name,
            "entries": len(entries),
            "bytes": self.checked.bytes,
            "left_out": self.checked.manifest.left_out,
            "notes": notes,
        }

    # Unpacking -------------------------------------------------------------------------------------------------------

    def _done(self) -> set[str]:
        """Entries that an interrupted import of this very archive verified; anything else in the folder is thrown away."""
        identity = {
            "archive": hashlib.sha256(
                json.dumps([[e.path, e.size, e.sha256] for e in self.checked.manifest.entries]).encode()
            ).hexdigest(),
            "boot": boot_id(),
        }
        journal = self.building / _JOURNAL
        lines: list[Any] = []
        with contextlib.suppress(OSError, ValueError):
            for text in journal.read_text(encoding="utf-8", errors="replace").splitlines():
                lines.append(json.loads(text))
        if lines and lines[0] == identity:
            sizes = {entry.path: entry.size for entry in self.checked.manifest.entries}
            names = [line for line in lines[1:] if isinstance(line, str) and line in sizes]
            found = {name for name in names if _size(self._target(name)) == sizes[name]}
            self._write_journal([identity, *sorted(found)])  # without the line that a kill tore
            return found
        shutil.rmtree(self.building, ignore_errors=True)
        self.building.mkdir()
        self._write_journal([identity])
        return set()

    def _write_journal(self, lines: list[Any]) -> None:
        fresh = self.building / f"{_JOURNAL}.tmp"
        fresh.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        replace_file(fresh, self.building / _JOURNAL)

    def _target(self, path: str) -> Path:
        return self.building / (RECEIVED if path == DATABASE else path)

    def _unpack(self, left: list[Entry], total: int) -> None:
        meter = Meter(self.job, total, tr("unpacking"), total - sum(entry.size for entry in left))
        try:
            with (
                zipfile.ZipFile(self.checked.file) as archive,
                (self.building / _JOURNAL).open("a", encoding="utf-8") as journal,
            ):
                for entry in left:
                    self._unpack_one(archive, entry, meter)
                    journal.write(json.dumps(entry.path) + "\n")
                    journal.flush()
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise damaged(str(error)) from error

    def _unpack_one(self, archive: zipfile.ZipFile, entry: Entry, meter: Meter) -> None:
        target = self._target(entry.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        left = entry.size
        with _open(archive, self.checked.members[entry.path]) as source, target.open("wb") as file:
            while block := source.read(BLOCK):
                left -= len(block)
                if left < 0:  # more than its header says
                    raise damaged(f"{entry.path!r} is longer than it says")
                file.write(block)
                digest.update(block)
                meter.add(len(block))
        if left or digest.hexdigest() != entry.sha256:
            raise damaged(f"{entry.path!r} is not what was stored")
        if 0 < entry.mtime_ns < time.time_ns():
            os.utime(target, ns=(entry.mtime_ns, entry.mtime_ns))

    # Making it a project of this user --------------------------------------------------------------------------------

    def _make_ours(self) -> list[str]:
        root = self.checked.manifest.project.root
        notes = rebuild_database(self.building, self.building / RECEIVED, self.checked.manifest.project)
        settle_jobs(self.building / "jobs")
        relocate(self.building, root, str(self.output))
        Store(self.building / DATABASE).set_meta("root", str(self.output))
        known = {*FOLDERS, "sounds"}
        foreign = sorted(
            entry.name for entry in self.building.iterdir() if entry.is_dir() and entry.name not in known
        )
        if foreign:
            notes.append(
                tr("It holds folders that RAVE GUI does not use: {names}.", names=", ".join(foreign))
            )
        return notes


def _open(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Any:
    try:
        return archive.open(info)
    except (
        RuntimeError,
        ValueError,
    ) as error:  # zipfile's words for a header that does not fit its directory
        raise zipfile.BadZipFile(str(error)) from error


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
