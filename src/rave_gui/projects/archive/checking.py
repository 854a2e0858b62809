"""Looking at an archive before anything of it is written: what somebody else made may be damaged, or meant to do harm."""

from __future__ import annotations

import dataclasses
import os
import stat
import struct
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.projects.archive.layout import (
    DATABASE,
    FORMAT,
    MANIFEST,
    Entry,
    Manifest,
    collision,
    name_problem,
    plain,
)
from rave_gui.projects.model import ArchiveInfo
from rave_gui.zips import DAMAGE
from rave_protocol.codec import ProtocolError, decode, loads

MAX_ENTRIES = 1_000_000
MAX_BYTES = 1 << 42
MAX_MANIFEST = 512 << 20
MAX_DIRECTORY = 512 << 20
MAX_SENTENCES = 1000
RATIO = 200.0
"""An archive that unpacks to more than so many times its size …"""
RATIO_FREE = 1 << 30
"""… and to more than this, in bytes, is refused. Sound, checkpoints and datasets shrink by a tenth at most, logs by some twenty times."""
_ENTRY_RATIO = 1100.0
"""Deflate cannot do better than 1032 to 1 (zlib.net/zlib_tech.html): what claims more is not what it says."""
_END = b"PK\x05\x06"
_END64 = b"PK\x06\x06"
_LOCATOR64 = b"PK\x06\x07"


@dataclass(frozen=True)
class Limits:
    """What an archive may hold and unpack to."""

    entries: int = MAX_ENTRIES
    bytes: int = MAX_BYTES


@dataclass(frozen=True)
class Checked:
    """An archive that may be unpacked."""

    file: Path
    manifest: Manifest
    members: dict[str, zipfile.ZipInfo]
    bytes: int
    """Unpacked."""


def check(file: Path, limits: Limits | None = None) -> Checked:
    """Everything that can be known without unpacking. Raises :class:`UserError`:

    archive-missing, not-an-archive, archive-newer, archive-damaged, archive-unsafe (its ``details`` begin with the word for what is
    wrong), archive-too-large.
    """
    limits = limits or Limits()
    try:
        with file.open("rb") as source:
            _check_directory(source, limits)
            with zipfile.ZipFile(source) as archive:
                infos = archive.infolist()
                _check_members(infos, file.stat().st_size, limits)
                manifest = _manifest(archive)
    except FileNotFoundError:
        raise UserError(
            tr("There is no file {file}.", file=file), tr("Check the path."), code="archive-missing"
        ) from None
    except OSError as error:
        raise UserError(
            tr("{file} cannot be read: {reason}.", file=file, reason=error.strerror or str(error)),
            tr("Check that it is a file and that you may read it."),
            str(error),
            code="archive-missing",
        ) from error
    except DAMAGE as error:
        raise not_an_archive(file, str(error)) from error
    manifest = _plain(manifest)
    members = {info.filename: info for info in infos if info.filename != MANIFEST}
    _check_manifest(manifest, members)
    return Checked(file, manifest, members, sum(entry.size for entry in manifest.entries))


def inspect(file: Path, limits: Limits | None = None) -> ArchiveInfo:
    """What an archive says of itself; raises as :func:`check` does."""
    checked = check(file, limits)
    manifest = checked.manifest
    return ArchiveInfo(
        file,
        manifest.project.name,
        manifest.project.id,
        manifest.created,
        manifest.author,
        len(manifest.entries),
        checked.bytes,
        file.stat().st_size,
        manifest.left_out,
        manifest.project.root,
    )


def not_an_archive(file: Path, details: str = "") -> UserError:
    """The file is none of ours, or was cut off."""
    return UserError(
        tr("{file} is not a project archive, or it is not complete.", file=file.name),
        tr("Choose a .ravegui file; if it was downloaded or copied, do that again."),
        details,
        code="not-an-archive",
    )


def damaged(details: str) -> UserError:
    """What was stored is not what the manifest says."""
    return UserError(
        tr("The archive is damaged: its contents are not what they were when it was made."),
        tr("Copy or download it again. Nothing was imported."),
        details,
        code="archive-damaged",
    )


def unsafe(word: str, name: str) -> UserError:
    """Something no archive of ours has."""
    return UserError(
        tr(
            "The archive was refused: it holds something that could do harm or that this computer cannot store."
        ),
        tr("It was not made by RAVE GUI, or was changed since. Nothing was imported."),
        f"{word}: {name!a}",
        code="archive-unsafe",
    )


def _too_large(details: str, option: str = "") -> UserError:
    """``option``: what raises the limit that was met; bombs and tables of contents beyond measure have none."""
    return UserError(
        tr("The archive was refused: it would unpack to more than is allowed."),
        tr(
            "If you trust whoever made it, allow more on the command line: rave-gui project import … {option}",
            option=option,
        )
        if option
        else tr("It was not made by RAVE GUI, or was changed since. Nothing was imported."),
        details,
        code="archive-too-large",
    )


def _check_directory(source: IO[bytes], limits: Limits) -> None:
    """Size and length of the zip's directory, before it is read into memory (APPNOTE.TXT 4.3.14 to 4.3.16)."""
    size = source.seek(0, os.SEEK_END)
    source.seek(max(0, size - 65557))
    tail = source.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise zipfile.BadZipFile("there is no end of a zip's directory")
    entries, directory = struct.unpack("<HI", tail[at + 10 : at + 16])
    place = size - len(tail) + at
    if place >= 20:
        source.seek(place - 20)
        locator = source.read(20)
        if locator.startswith(_LOCATOR64):
            source.seek(struct.unpack("<Q", locator[8:16])[0])
            end = source.read(56)
            if not end.startswith(_END64) or len(end) < 56:
                raise zipfile.BadZipFile("there is no zip64 end of the directory")
            entries, directory = struct.unpack("<QQ", end[32:48])
    source.seek(0)
    if entries > limits.entries + 1:
        raise _too_large(f"{entries} entries, {limits.entries} are allowed", f"--max-entries {entries}")
    if directory > MAX_DIRECTORY:
        raise _too_large(f"a directory of {directory} bytes")


def _check_members(infos: list[zipfile.ZipInfo], archive_size: int, limits: Limits) -> None:
    if len(infos) > limits.entries + 1:
        raise _too_large(f"{len(infos)} entries, {limits.entries} are allowed", f"--max-entries {len(infos)}")
    for info in infos:
        # orig_filename: zipfile itself cuts names at a zero byte and turns this system's separator into "/".
        for name in (info.orig_filename, info.filename):
            if (word := name_problem(name)) is not None:
                raise unsafe(word, name)
        mode = info.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG) or info.external_attr & 0x10:
            raise unsafe("link" if stat.S_ISLNK(mode) else "special", info.filename)
        if info.flag_bits & 0x1:
            raise unsafe("encrypted", info.filename)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise unsafe("compression", info.filename)
        if info.file_size > max(info.compress_size, 1) * _ENTRY_RATIO + 1024:
            raise _too_large(f"bomb: {info.filename} claims {info.file_size} bytes in {info.compress_size}")
    names = [info.filename for info in infos]
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise unsafe("twice", twice[0])
    if (both := collision(names)) is not None:
        raise unsafe("collision", " / ".join(both))
    total = sum(info.file_size for info in infos)
    if total > limits.bytes:
        raise _too_large(f"{total} bytes, {limits.bytes} are allowed", f"--max-bytes {total}")
    if total > RATIO_FREE and total > archive_size * RATIO:
        raise _too_large(f"bomb: {total} bytes out of {archive_size}")
    _check_overlap(infos, archive_size)


def _check_overlap(infos: list[zipfile.ZipInfo], archive_size: int) -> None:
    """Entries that share bytes make small archives unpack to enormous ones (D. Fifield, “A better zip bomb”, 2019)."""
    end, before = 0, ""
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise unsafe("overlap", f"{before} / {info.filename}")
        # Header of 30 bytes and the name; the extra field's length is in the header alone, so this is the least it takes.
        end = (
            info.header_offset + 30 + len(info.orig_filename.encode("utf-8", "replace")) + info.compress_size
        )
        before = info.filename
    if end > archive_size:
        raise zipfile.BadZipFile("an entry reaches past the end of the file")


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    try:
        info = archive.getinfo(MANIFEST)
    except KeyError:
        raise zipfile.BadZipFile("there is no manifest") from None
    if info.file_size > MAX_MANIFEST:
        raise _too_large(f"a manifest of {info.file_size} bytes")
    with archive.open(info) as source:
        data = source.read(MAX_MANIFEST + 1)
    try:
        plain = loads(data.decode("utf-8"))
        if plain.get("format") != FORMAT:
            newer = isinstance(plain.get("format"), int) and plain["format"] > FORMAT
            if not newer:
                raise zipfile.BadZipFile("another kind of manifest")
            raise UserError(
                tr("The archive was made by a newer version of RAVE GUI."),
                tr("Update RAVE GUI to import it."),
                f"format {plain['format']}, this version knows {FORMAT}",
                code="archive-newer",
            )
        return decode(Manifest, plain)
    except (ProtocolError, UnicodeDecodeError, RecursionError) as error:
        raise zipfile.BadZipFile(f"the manifest cannot be read: {error}") from error


def _plain(manifest: Manifest) -> Manifest:
    """The manifest with texts that may be shown."""
    origin = manifest.project
    return dataclasses.replace(
        manifest,
        app=plain(manifest.app, 50),
        author=plain(manifest.author, 200),
        project=dataclasses.replace(origin, id=plain(origin.id, 100), name=plain(origin.name, 100)),
        left_out=[plain(text) for text in manifest.left_out[:MAX_SENTENCES]],
        included=[plain(text) for text in manifest.included[:MAX_SENTENCES]],
    )


def _check_manifest(manifest: Manifest, members: dict[str, zipfile.ZipInfo]) -> None:
    listed: dict[str, Entry] = {entry.path: entry for entry in manifest.entries}
    if len(listed) != len(manifest.entries):
        raise damaged("the manifest lists an entry twice")
    for path in listed.keys() ^ members.keys():
        raise damaged(f"{path!r} is {'listed and missing' if path in listed else 'there and not listed'}")
    for path, entry in listed.items():
        if entry.size != members[path].file_size:
            raise damaged(f"{path!r} has {members[path].file_size} bytes, {entry.size} are listed")
        if len(entry.sha256) != 64:
            raise damaged(f"{path!r} has no SHA-256")
    if DATABASE not in members:
        raise damaged("there is no project.db")
