"""The user's list of projects, newest first, and the trashes there are: one small file that windows and commands share."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.paths import AppPaths
from rave_gui.projects.model import ProjectInfo
from rave_gui.projects.project import DATABASE
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json, replace_file, write_json
from rave_protocol.locks import OsLock

FILE = "projects.json"
KEEP = 200
"""Projects remembered."""


class Recent:
    """``projects.json`` in the user's configuration folder, read and replaced whole under a lock."""

    def __init__(self, paths: AppPaths) -> None:
        self.path = paths.config / FILE

    def projects(self) -> list[ProjectInfo]:
        """Every project that was opened, newest first; those that are not there now are marked, never dropped."""
        found = []
        for row in self._read()["projects"]:
            path = Path(row["path"])
            found.append(
                ProjectInfo(
                    path,
                    str(row.get("name") or path.name),
                    str(row.get("id") or ""),
                    str(row.get("description") or ""),
                    row.get("created"),
                    row.get("opened"),
                    not (path / DATABASE).is_file(),
                )
            )
        return found

    def note(self, info: ProjectInfo, old: Path | None = None) -> ProjectInfo:
        """Put a project at the top of the list; ``old`` is where it was before it was renamed."""
        opened = time.time()
        gone = {_key(info.path), *([_key(old)] if old else [])}
        row = {
            "path": str(info.path),
            "name": info.name,
            "id": info.id,
            "description": info.description,
            "created": info.created,
            "opened": opened,
        }

        def change(data: dict[str, Any]) -> None:
            rest = [r for r in data["projects"] if _key(r["path"]) not in gone]
            data["projects"] = [row, *rest][:KEEP]

        self._change(change)
        return ProjectInfo(info.path, info.name, info.id, info.description, info.created, opened)

    def forget(self, path: Path) -> None:
        """Take a project off the list; its folder is not touched."""

        def change(data: dict[str, Any]) -> None:
            data["projects"] = [r for r in data["projects"] if _key(r["path"]) != _key(path)]

        self._change(change)

    def trashes(self) -> list[Path]:
        """Folders that deleted projects were moved into."""
        return [Path(text) for text in self._read()["trashes"]]

    def note_trash(self, folder: Path) -> None:
        """Remember a folder that deleted projects are moved into."""

        def change(data: dict[str, Any]) -> None:
            if str(folder) not in data["trashes"]:
                data["trashes"].append(str(folder))

        self._change(change)

    def _read(self) -> dict[str, Any]:
        empty: dict[str, Any] = {"version": 1, "projects": [], "trashes": []}
        try:
            data = read_json(self.path)
        except FileNotFoundError:
            return empty
        except ProtocolError:
            # Nothing but a list of folders is lost with it; it is kept beside for whoever wants to look.
            try:
                replace_file(
                    self.path, self.path.with_name(f"{FILE}.broken-{time.strftime('%Y%m%d-%H%M%S')}")
                )
            except OSError:
                return empty
            return empty
        rows = data.get("projects")
        rows = (
            [r for r in rows if isinstance(r, dict) and isinstance(r.get("path"), str)]
            if isinstance(rows, list)
            else []
        )
        trashes = data.get("trashes")
        trashes = [t for t in trashes if isinstance(t, str)] if isinstance(trashes, list) else []
        return {**data, "projects": rows, "trashes": trashes}

    def _change(self, change: Callable[[dict[str, Any]], None]) -> None:
        lock = OsLock(self.path.with_name(f".{FILE}.lock"))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not lock.acquire(timeout=5.0):
                raise UserError(
                    tr("The list of projects is in use by another program."),
                    tr("Wait a moment and try again."),
                    str(self.path),
                    code="busy",
                )
            data = self._read()
            change(data)
            write_json(self.path, data)
        except OSError as error:
            raise UserError(
                tr(
                    "The list of projects could not be kept because {path} cannot be written.", path=self.path
                ),
                tr("Check that its folder may be written and that the disk has free space."),
                str(error),
                code="not-writable",
            ) from error
        finally:
            lock.release()


def _key(path: str | Path) -> str:
    return os.path.normcase(os.path.abspath(path))  # noqa: PTH100 - links stay links
