"""A project: one folder that a user can back up, move and read without us."""

from __future__ import annotations

import errno
import os
from functools import cached_property
from pathlib import Path

from rave_gui.errors import UserError
from rave_gui.i18n import tr, trn
from rave_gui.projects.names import check_name, free_name
from rave_gui.projects.rescue import rescue, set_leftovers_aside
from rave_gui.projects.scan import is_dataset, is_export, is_run, look, rescan
from rave_gui.projects.store import Kind, Record, Store, refuse_newer, stored_schema
from rave_protocol import jobfolder
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json

DATABASE = "project.db"
FOLDERS = ("datasets", "runs", "priors", "exports", "takes", "jobs")
_OURS = frozenset({*FOLDERS, "sounds", "trash"})
_NOISE = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", ".directory", ".localized"})
"""Files that operating systems drop into any folder."""


class Project:
    """An open project. :meth:`open` is the way to get one; the store is opened when it is first needed.

    Folders are not made before something is written to them.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def open(cls, path: Path | str, create: bool = False) -> Project:
        """Open the project in ``path``; with ``create`` a missing or empty folder becomes one.

        A folder that only holds what a project holds (its database was lost) is a project again. Raises
        :class:`UserError`: ``project-missing``, ``not-a-folder``, ``not-a-project``, ``not-writable``, ``project-newer``.
        """
        folder = Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 - a link in a user's path stays a link
        try:
            if folder.exists() and not folder.is_dir():
                raise UserError(
                    tr("{folder} is a file, and a project is a folder.", folder=folder),
                    tr("Choose a folder, or a new name beside the file."),
                    code="not-a-folder",
                )
            if not folder.exists():
                if not create:
                    raise UserError(
                        tr("There is no project in {folder}: the folder does not exist.", folder=folder),
                        tr(
                            "Check the path, or start with “rave-gui quickstart --project …”, which makes the project."
                        ),
                        code="project-missing",
                    )
                folder.mkdir(parents=True)
            project = cls(folder)
            database = folder / DATABASE
            if database.exists():
                refuse_newer(database, stored_schema(database))
            else:
                cls._check_ours(folder, create)
                set_leftovers_aside(folder, DATABASE)
                project.store  # noqa: B018 - makes the database: from now on the folder is a project
                rescue(folder, project.store)
        except OSError as error:
            raise _folder_error(folder, error) from error
        return project

    @staticmethod
    def _check_ours(folder: Path, create: bool) -> None:
        names = {entry.name for entry in folder.iterdir()} - _NOISE
        if not names and not create:
            raise UserError(
                tr("There is no project in {folder}: the folder is empty.", folder=folder),
                tr(
                    "Check the path, or start with “rave-gui quickstart --project …”, which makes the project."
                ),
                code="project-missing",
            )
        foreign = sorted(name for name in names - _OURS if not name.startswith((DATABASE, "quickstart.")))
        if foreign:
            shown = ", ".join(foreign[:3]) + (" …" if len(foreign) > 3 else "")
            raise UserError(
                trn(
                    "{folder} is not a project and holds another file or folder ({shown}).",
                    "{folder} is not a project and holds {n} other files and folders ({shown}).",
                    len(foreign),
                    folder=folder,
                    shown=shown,
                ),
                tr(
                    "Choose a new or an empty folder for the project, so that your files and its own stay apart."
                ),
                code="not-a-project",
            )

    @property
    def name(self) -> str:
        """What the user calls the project: the name given, otherwise the folder's."""
        try:
            return self.store.meta("name") or self.path.name
        except UserError:  # on a disk that may only be read the database may not open
            return self.path.name

    @property
    def datasets(self) -> Path:
        """RAVE datasets, one folder each."""
        return self.path / "datasets"

    @property
    def runs(self) -> Path:
        """Training runs in RAVE's own layout, one folder each."""
        return self.path / "runs"

    @property
    def exports(self) -> Path:
        """Exported models with their cards, one folder each."""
        return self.path / "exports"

    @property
    def takes(self) -> Path:
        """Rendered sound."""
        return self.path / "takes"

    @property
    def jobs(self) -> Path:
        """Job folders."""
        return self.path / "jobs"

    @property
    def sounds(self) -> Path:
        """Sounds that the application made itself (the demo)."""
        return self.path / "sounds"

    @property
    def trash(self) -> Path:
        """What was deleted in the project and can be brought back."""
        return self.path / "trash"

    @cached_property
    def store(self) -> Store:
        """The database. Raises :class:`UserError` as :class:`Store` does."""
        return Store(self.path / DATABASE)

    def rescan(self) -> None:
        """Register what lies in the folders and forget what is gone."""
        rescan(self.path, self.store)

    def items(self, kind: Kind) -> list[Record]:
        """Everything of one kind as it is on disk now; on a read-only disk, what the folders alone tell."""
        try:
            rows = rescan(self.path, self.store)
            return self.store.items(kind) if rows is None else [row for row in rows if row.kind == kind]
        except UserError as error:
            if error.code != "not-writable":
                raise
            return look(self.path, kind)

    def new_path(self, folder: Path, name: str | None, base: str, what: Kind) -> Path:
        """Where a new thing goes: ``folder/name``, refused when it is there already, or a free numbered ``base``."""
        if name is None:
            return folder / self.free(folder, what, base)
        path = folder / check_name(name, f"{what} name")
        if self.free(folder, what, name) != name:
            raise UserError(
                tr("There is already a {what} named {name!r} in this project.", what=what, name=name),
                tr("Choose another name: nothing is ever overwritten."),
                str(path),
                code="name-taken",
            )
        return path

    def free(self, folder: Path, what: Kind, base: str) -> str:
        """``base`` or a numbered form of it that neither the folder nor a job still to come has taken."""
        taken = {
            record.name for record in self.store.items(what) if record.job and self._may_come(record.job)
        }
        return free_name(folder, base, also=taken)

    def _may_come(self, job: str) -> bool:
        """Whether a job may still make what it was begun for: it is under way, or a retry goes on with it."""
        folder = self.jobs / job
        try:
            return folder.is_dir() and read_json(folder / jobfolder.STATE).get("state") not in (
                "failed",
                "cancelled",
            )
        except (ProtocolError, OSError):
            return True

    def find_dataset(self, name: str) -> Path:
        """A dataset by its name in the project or by its path. Raises :class:`UserError` ``dataset-missing``."""
        return self._find(name, "dataset", self.datasets, "datasets")

    def find_run(self, name: str) -> Path:
        """A run by its name in the project or by its path. Raises :class:`UserError` ``run-missing``."""
        return self._find(name, "run", self.runs, "runs")

    def find_export(self, name: str) -> Path:
        """An export's folder by its name in the project or by its path. Raises :class:`UserError` ``export-missing``."""
        return self._find(name, "export", self.exports, "exports")

    def find_model(self, name: str) -> Path:
        """A trained model: a .ckpt file by its path, or a run by its name or path. Raises :class:`UserError` ``run-missing``."""
        direct = Path(os.path.abspath(Path(name).expanduser()))  # noqa: PTH100
        if direct.suffix == ".ckpt" and direct.is_file():
            return direct
        return self.find_run(name)

    def _find(self, name: str, kind: Kind, folder: Path, plural: str) -> Path:
        accept = {"dataset": is_dataset, "run": is_run, "export": is_export}[kind]
        inside = folder / name
        outside = Path(os.path.abspath(Path(name).expanduser()))  # noqa: PTH100
        for candidate in (inside, outside):
            if candidate.is_dir() and accept(candidate):
                return Path(os.path.abspath(candidate))  # noqa: PTH100
        registered = self.store.get(kind, name)
        if registered is not None and registered.path.is_dir():
            return registered.path
        known = ", ".join(record.name for record in self.items(kind) if record.path.is_dir())
        raise UserError(
            tr(
                "There is no {kind} named {name!r} in the project {path}.",
                kind=kind,
                name=name,
                path=self.path,
            ),
            tr("The project's {plural}: {known}.", plural=plural, known=known)
            if known
            else tr("The project has no {plural} yet.", plural=plural),
            code=f"{kind}-missing",
        )


def _folder_error(folder: Path, error: OSError) -> UserError:
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UserError(
            tr(
                "The folder {folder} cannot be written: permission is missing or the disk is read-only.",
                folder=folder,
            ),
            tr("Choose a folder of your own, or give yourself the right to write there."),
            str(error),
            code="not-writable",
        )
    if error.errno == errno.ENOSPC:
        return UserError(
            tr("The disk of {folder} is full.", folder=folder),
            tr("Free some space and try again."),
            str(error),
            code="disk-full",
        )
    return UserError(
        tr(
            "The folder {folder} cannot be used: {strerror}.", folder=folder, strerror=error.strerror or error
        ),
        tr("Choose another folder."),
        str(error),
        code="folder-unusable",
    )
