"""Writing a project into one file: the working function of the ``project-export`` job.

The archive grows aside (``.<name>.part``) with a journal of the entries that are whole; what a killed export left is gone on with when
the same export is asked for again, as far as its files are still the same. It gets its name when it is complete.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import os
import sqlite3
import time
import zipfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from rave_gui import __version__
from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.projects.archive.contents import Contents, File, collect
from rave_gui.projects.archive.layout import (
    BLOCK,
    DATABASE,
    FORMAT,
    MANIFEST,
    Entry,
    Manifest,
    Origin,
    deflates,
)
from rave_gui.projects.archive.rate import Context, Meter
from rave_gui.projects.preferences import project_settings
from rave_gui.projects.project import Project
from rave_gui.projects.size import free_bytes
from rave_protocol.codec import dumps, encode
from rave_protocol.files import replace_file
from rave_protocol.locks import OsLock, boot_id
from rave_protocol.specs import ProjectExportParams

MARGIN = 16 << 20
"""Bytes that must stay free."""


@dataclass(frozen=True)
class Aside:
    """The files of an archive under way."""

    part: Path
    journal: Path
    lock: Path
    database: Path

    @classmethod
    def of(cls, output: Path) -> Aside:
        """Those of ``output``, beside it and hidden."""
        return cls(
            *(output.with_name(f".{output.name}.{word}") for word in ("part", "journal", "lock", "db"))
        )

    def clear(self) -> None:
        """Remove everything but the lock's file."""
        for path in (self.part, self.journal, self.database):
            path.unlink(missing_ok=True)


def run(params: ProjectExportParams, job: Context) -> dict[str, Any]:
    """Write the archive; result: path, bytes, entries, left_out, included.

    Raises :class:`UserError`: output-exists, bad-names, disk-full, not-writable, busy. A cancel removes what was begun.
    """
    project = Project.open(params.project)
    output = Path(params.output)
    refuse_output(output)
    aside = Aside.of(output)
    lock = OsLock(aside.lock)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        if not lock.acquire(timeout=1.0):
            raise UserError(
                tr("Another job is writing {path} right now.", path=output),
                tr("Wait for it to end, or choose another name."),
                code="busy",
            )
        return _Export(project, params, output, aside, job).run()
    except OSError as error:
        raise refused(output, error) from error
    finally:
        if job.cancelled:
            aside.clear()
        if lock.held and not aside.part.exists():
            with contextlib.suppress(OSError):  # Windows keeps a file that is open
                aside.lock.unlink(missing_ok=True)
        lock.release()


def refuse_output(output: Path) -> None:
    """Raises :class:`UserError` (``output-exists``) where something lies already."""
    if os.path.lexists(output):
        raise UserError(
            tr("{path} exists already. Nothing was changed.", path=output),
            tr("Choose another name for the archive."),
            code="output-exists",
        )


def refused(path: Path, error: OSError) -> UserError:
    """The operating system's refusal in plain words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return UserError(
            tr("The disk of {path} is full.", path=path.parent),
            tr("Free some space and press Retry: it goes on where it stopped."),
            str(error),
            code="disk-full",
        )
    return UserError(
        tr(
            "{path} cannot be written: {reason}.",
            path=error.filename or path,
            reason=error.strerror or str(error),
        ),
        tr("Choose another folder, or give yourself the right to write there."),
        str(error),
        code="not-writable",
    )


def check_space(folder: Path, need: int) -> None:
    """Raises :class:`UserError` (``disk-full``) where less than ``need`` bytes and a margin are free."""
    free = free_bytes(folder)
    if free < need + MARGIN:
        raise UserError(
            tr(
                "There is not enough space in {folder}: {need:.1f} MB are needed and {free:.1f} MB are free.",
                folder=folder,
                need=(need + MARGIN) / 1e6,
                free=free / 1e6,
            ),
            tr("Free some space, or choose a folder on another disk."),
            code="disk-full",
        )


class _Export:
    def __init__(
        self, project: Project, params: ProjectExportParams, output: Path, aside: Aside, job: Context
    ) -> None:
        self.project = project
        self.params = params
        self.output = output
        self.aside = aside
        self.job = job
        self.entries: list[Entry] = []

    def run(self) -> dict[str, Any]:
        contents = collect(self.project, self.params)
        kept = self._kept(contents)
        done = sum(line["size"] for line in kept)
        part = self.aside.part
        with part.open("r+b" if part.exists() else "x+b") as file:
            file.truncate(kept[-1]["end"] if kept else 0)
            file.seek(0, os.SEEK_END)
            self._write_journal(kept)
            check_space(self.output.parent, contents.bytes - done)
            meter = Meter(self.job, contents.bytes, tr("writing"), done)
            with contextlib.closing(_Zip(file, kept)) as archive:
                self.entries = [_entry(line) for line in kept]
                for entry in contents.files[len(kept) :]:
                    self._put(archive, entry, meter, contents)
                self._put_database(archive, meter, contents)
                archive.add_bytes(MANIFEST, self._manifest(contents))
                self.job.check_cancel()
                archive.finish()
            file.flush()
            os.fsync(file.fileno())
        refuse_output(self.output)
        replace_file(part, self.output)
        self.aside.clear()
        return {
            "path": str(self.output),
            "bytes": self.output.stat().st_size,
            "entries": len(self.entries),
            "left_out": contents.left_out,
            "included": contents.included,
        }

    def _put(self, archive: _Zip, entry: File, meter: Meter, contents: Contents) -> None:
        try:
            source = entry.path.open("rb")
        except FileNotFoundError:  # a training keeps only its newest checkpoints
            contents.left_out.append(tr("{name} was removed while the archive was written.", name=entry.name))
            return
        with source:
            line = archive.add(entry, source, meter)
        self.entries.append(_entry(line))
        self._note(line)

    def _put_database(self, archive: _Zip, meter: Meter, contents: Contents) -> None:
        copy = self.aside.database
        copy.unlink(missing_ok=True)
        _snapshot(self.project, contents, copy)
        with copy.open("rb") as source:
            size = copy.stat().st_size
            line = archive.add(File(DATABASE, copy, size, time.time_ns()), source, None)
        copy.unlink()
        self.entries.append(_entry(line))

    def _manifest(self, contents: Contents) -> bytes:
        store = self.project.store
        origin = Origin(store.meta("id") or "", self.project.name, str(self.project.path))
        author = str(project_settings(self.project.path)["author"])
        manifest = Manifest(
            FORMAT,
            __version__,
            time.time(),
            author,
            origin,
            self.entries,
            contents.left_out,
            contents.included,
        )
        return (dumps(manifest, indent=1) + "\n").encode()

    # The journal -----------------------------------------------------------------------------------------------------

    def _header(self) -> dict[str, Any]:
        """What an export that was interrupted must have been, to be gone on with. Unsynced data of an earlier boot is not trusted."""
        return {
            "format": FORMAT,
            "project": self.project.store.meta("id"),
            "options": encode(self.params),
            "boot": boot_id(),
        }

    def _kept(self, contents: Contents) -> list[dict[str, Any]]:
        """Journal lines of the entries that are whole and whose files are still the same, up to the first that is not."""
        try:
            lines = [json.loads(text) for text in self.aside.journal.read_text(encoding="utf-8").splitlines()]
            size = self.aside.part.stat().st_size
        except (OSError, ValueError):
            lines = _whole_lines(self.aside.journal)
            size = self.aside.part.stat().st_size if self.aside.part.exists() else 0
        if not lines or lines[0] != self._header():
            return []
        kept: list[dict[str, Any]] = []
        for line, file in zip(lines[1:], contents.files, strict=False):
            same = (line["name"], line["size"], line["mtime_ns"]) == (file.name, file.size, file.mtime_ns)
            if not same or line["end"] > size:
                break
            kept.append(line)
        return kept

    def _write_journal(self, kept: list[dict[str, Any]]) -> None:
        text = "".join(json.dumps(line) + "\n" for line in [self._header(), *kept])
        fresh = self.aside.journal.with_name(f"{self.aside.journal.name}.tmp")
        fresh.write_text(text, encoding="utf-8")
        replace_file(fresh, self.aside.journal)

    def _note(self, line: dict[str, Any]) -> None:
        with self.aside.journal.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _entry(line: dict[str, Any]) -> Entry:
    return Entry(line["name"], line["size"], line["sha256"], line["mtime_ns"])


def _whole_lines(journal: Path) -> list[dict[str, Any]]:
    """Lines before the one that a kill tore."""
    found: list[dict[str, Any]] = []
    try:
        for text in journal.read_text(encoding="utf-8", errors="replace").splitlines():
            found.append(json.loads(text))
    except (OSError, ValueError):
        return found
    return found


class _Zip:
    """A zip that can be gone on with: entries written before are put into its directory without being read again."""

    def __init__(self, file: IO[bytes], kept: list[dict[str, Any]]) -> None:
        self._file = file
        self._zip = zipfile.ZipFile(file, "w", allowZip64=True)
        for line in kept:
            info = zipfile.ZipInfo(line["name"], tuple(line["date"]))
            info.compress_type = line["method"]
            info.external_attr = 0o100644 << 16
            info.create_system = 3
            info.CRC, info.file_size, info.compress_size = line["crc"], line["size"], line["stored"]
            info.header_offset, info.flag_bits = line["offset"], line["flags"]
            self._zip.filelist.append(info)
            self._zip.NameToInfo[info.filename] = info

    def add(self, entry: File, source: IO[bytes], meter: Meter | None) -> dict[str, Any]:
        """Store a file as it was when it was looked at: what grows meanwhile is cut there. Returns its journal line."""
        changed = time.localtime(entry.mtime_ns / 1e9)[:6]
        info = zipfile.ZipInfo(entry.name, max(changed, (1980, 1, 1, 0, 0, 0)))
        info.compress_type = zipfile.ZIP_DEFLATED if deflates(entry.name) else zipfile.ZIP_STORED
        info.external_attr = 0o100644 << 16
        info.create_system = 3
        digest = hashlib.sha256()
        left = entry.size
        with self._zip.open(info, "w", force_zip64=entry.size > 1 << 30) as target:
            while left > 0 and (block := source.read(min(BLOCK, left))):
                target.write(block)
                digest.update(block)
                left -= len(block)
                if meter is not None:
                    meter.add(len(block))
        self._file.flush()
        return {
            "name": entry.name,
            "size": info.file_size,
            "mtime_ns": entry.mtime_ns,
            "sha256": digest.hexdigest(),
            "crc": info.CRC,
            "method": info.compress_type,
            "stored": info.compress_size,
            "offset": info.header_offset,
            "flags": info.flag_bits,
            "date": list(info.date_time),
            "end": self._file.tell(),
        }

    def add_bytes(self, name: str, data: bytes) -> None:
        """Store an entry that is made here."""
        self.add(File(name, Path(name), len(data), time.time_ns()), io.BytesIO(data), None)

    def finish(self) -> None:
        """Write the directory."""
        self._zip.close()

    def close(self) -> None:
        """After a failure: nothing more is written, the journal says what is whole."""
        self._zip.fp = None


def _snapshot(project: Project, contents: Contents, copy: Path) -> None:
    """A copy of the database as it is at one moment, without what stays behind."""
    project.store.copy(copy)
    with closing(sqlite3.connect(copy, isolation_level=None)) as target:
        target.execute("PRAGMA journal_mode=DELETE")
        target.execute("DELETE FROM facts")
        target.executemany("DELETE FROM items WHERE kind = ? AND name = ?", contents.dropped)
        target.executemany("DELETE FROM tags WHERE kind = ? AND name = ?", contents.dropped)
        for (kind, name), path in contents.rows.items():
            target.execute("UPDATE items SET path = ? WHERE kind = ? AND name = ?", (path, kind, name))
        target.execute("VACUUM")
