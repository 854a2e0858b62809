"""Everything a user does with whole projects, as actions: new, open, settings, rename, export, import, adopt, trash, delete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices

from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.actions import Action
from rave_gui.ui.shell.session import Session

if TYPE_CHECKING:
    from rave_gui.projects.model import ProjectInfo

ARCHIVES = "RAVE GUI (*.ravegui)"


class ProjectCommands(QObject):
    """Opens the dialogs; what they do is in ``workspace.actions``. One a window."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.dialog: Any = None
        """The dialog that is open, for tests and for the screenshots."""

    def actions_here(self) -> Sequence[Action]:
        """The actions, for the registry."""
        group = tr("Project")

        def ready() -> bool:
            return self._session.services is not None

        def is_open() -> bool:
            return ready() and self._session.project is not None

        rows: list[tuple[str, str, Any, str, str, Any]] = [
            ("new", tr("New project…"), self.new, "folder-plus", "Ctrl+Shift+N", ready),
            ("open", tr("Open project…"), self.open, "folder-open", "Ctrl+Shift+F", ready),
            ("settings", tr("Project settings…"), self.settings, "sliders-horizontal", "", is_open),
            ("rename", tr("Rename project…"), self.rename, "pencil", "", is_open),
            ("reveal", tr("Show the project's folder"), self.reveal, "external-link", "", is_open),
            ("adopt", tr("Adopt datasets and runs from a folder…"), self.adopt, "folder-input", "", is_open),
            ("export", tr("Export project as an archive…"), self.export, "archive", "", is_open),
            ("import", tr("Import a project archive…"), self.import_, "archive-restore", "", ready),
            ("trash", tr("Trash…"), self.trash, "trash-2", "", ready),
            ("close", tr("Close project"), self.close, "folder-x", "", is_open),
            ("delete", tr("Delete project…"), self.delete, "trash", "", is_open),
        ]
        return [
            Action(
                f"project.{key}", text, run, icon, keys, group=group, enabled=enabled, danger=key == "delete"
            )
            for key, text, run, icon, keys, enabled in rows
        ]

    def new(self) -> None:
        """Make a project."""
        from rave_gui.ui.dialogs.project_new import NewProjectDialog

        self._show(NewProjectDialog(self._session))

    def open(self) -> None:
        """Choose a project's folder and open it."""
        folder = self._session.pick_folder(tr("Open a project"), "")
        if folder is not None:
            self._session.use_project(folder)

    def settings(self) -> None:
        """What belongs to this project and travels with it."""
        from rave_gui.ui.dialogs.project_settings import ProjectSettingsDialog

        self._show(ProjectSettingsDialog(self._session))

    def rename(self) -> None:
        """Give it another name."""
        from rave_gui.ui.dialogs.project_rename import RenameProjectDialog

        self._show(RenameProjectDialog(self._session))

    def reveal(self) -> None:
        """Show its folder in the system's file manager."""
        project = self._session.project
        if project is not None and not QDesktopServices.openUrl(QUrl.fromLocalFile(str(project.path))):
            self._session.tell(tr("No file manager was found. The folder is {path}", path=project.path))

    def adopt(self) -> None:
        """Take in what lies elsewhere, without moving it."""
        from rave_gui.ui.dialogs.project_adopt import AdoptDialog

        self._show(AdoptDialog(self._session))

    def export(self) -> None:
        """Write it into one file."""
        from rave_gui.ui.dialogs.project_archive import ExportProjectDialog

        self._show(ExportProjectDialog(self._session))

    def import_(self, file: Path | None = None) -> None:
        """Unpack a project from a file."""
        from rave_gui.ui.dialogs.project_archive import ImportProjectDialog

        if file is None:
            chosen = self._session.pick_files(tr("Import a project archive"), ARCHIVES)
            file = chosen[0] if chosen else None
        if file is not None:
            self._show(ImportProjectDialog(self._session, file))

    def trash(self) -> None:
        """What was deleted and can be brought back."""
        from rave_gui.ui.dialogs.project_trash import TrashDialog

        self._show(TrashDialog(self._session))

    def close(self) -> None:
        """Show no project; nothing of it changes."""
        self._session.use_project(None)

    def delete(self) -> None:
        """Move the whole project to the trash, after its name was typed."""
        from rave_gui.ui.dialogs.project_delete import DeleteProjectDialog

        project = self._session.project
        if project is not None:
            self._show(DeleteProjectDialog(self._session, project.path))

    def _show(self, dialog: Any) -> None:
        self.dialog = dialog

        def gone() -> None:
            if self.dialog is dialog:
                self.dialog = None

        dialog.finished.connect(lambda _result: gone())
        dialog.show_it()


def forget_missing(session: Session, info: ProjectInfo, then: Callable[[], None]) -> None:
    """A project of the list is not where it was: say so, and offer to take it off the list."""
    services = session.services
    if services is None or not session.ask(
        tr("“{name}” is not there", name=info.name),
        tr(
            "Nothing was found at {path}. If it is on a disk that is not connected, connect it and try again. "
            "If you moved it, open it from its new place.",
            path=info.path,
        ),
        tr("Take it off the list"),
        False,
    ):
        return
    from rave_gui.workspace import actions

    def done(_none: None) -> None:
        session.tell(tr("“{name}” was taken off the list. Its files were not touched.", name=info.name))
        then()

    session.call(lambda: actions.forget(services, info.path), done)
