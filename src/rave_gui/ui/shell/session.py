"""What every page gets: the look, the bridge to threads, the services once they are there, and the project that is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from rave_gui.errors import JobError, UserError
from rave_gui.settings import Settings
from rave_gui.ui.bridge import Bridge, Stop, Task
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.actions import ActionRegistry
from rave_gui.ui.shell.undo import Step, UndoStack
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import repolish
from rave_gui.viewmodels.engine import EngineModel
from rave_gui.viewmodels.jobs import JobsModel
from rave_gui.viewmodels.memory import Memory

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.projects import Project

T = TypeVar("T")


class Session(QObject):
    """One a window. Everything here is used in the window's thread."""

    ready = Signal()
    """:attr:`services` is there."""
    project_changed = Signal()
    data_changed = Signal(frozenset)
    """Topics that changed on disk in the open project: datasets, runs, exports, takes, jobs, project."""
    told = Signal(str, object)
    """A short message, and the :class:`Step` that can be undone with it (or None)."""
    failed = Signal(object)
    """A :class:`UserError` or :class:`JobError` to be shown."""
    away_changed = Signal()
    """:attr:`away` is another."""
    wanted = Signal(str, dict)
    """A page to be shown, and what of it."""

    def __init__(
        self, paths: Any, settings: Settings, themes: ThemeManager, bridge: Bridge, memory: Memory
    ) -> None:
        super().__init__()
        self.paths, self.settings, self.themes, self.bridge, self.memory = (
            paths,
            settings,
            themes,
            bridge,
            memory,
        )
        self.services: Services | None = None
        self.project: Project | None = None
        self.away = False
        """The open project's folder is not there now: its disk is not connected, or it was moved. What was read last stays shown."""
        self.engine = EngineModel()
        self.jobs = JobsModel()
        """Jobs of the user's registry and of the open project, kept up to date while the window is open."""
        self.actions = ActionRegistry(self)
        self.undo = UndoStack(self)
        self.window: QWidget | None = None
        self.ask: Callable[[str, str, str, bool], bool] = self._ask_user
        """Title, text, word on the button, dangerous: whether the user says yes. Tests put their own answer here."""
        self.pick_files: Callable[[str, str], list[Path]] = self._pick_files
        self.pick_folder: Callable[[str, str], Path | None] = self._pick_folder
        self.pick_save: Callable[[str, str, str], Path | None] = self._pick_save
        self.use_project: Callable[[Path | None], None] = lambda _path: None
        """Open (or with None close) a project; set by the application."""

    # Doing things

    def call(
        self,
        work: Callable[[], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
    ) -> Task:
        """Run ``work`` in a thread, then ``done(result)`` here. What a user can fix is shown unless ``failed`` takes it."""
        return self.bridge.call(work, done, failed or self.fail)

    def stream(
        self,
        read: Callable[[Stop, Callable[[Any], None]], T],
        sink: Callable[[list[Any]], None],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
    ) -> Task:
        """As :meth:`call`, with items on the way (see :meth:`Bridge.stream`)."""
        return self.bridge.stream(read, sink, done, failed or self.fail)

    def fail(self, error: Exception) -> None:
        """Show what a user can fix; anything else is a bug and raised as one."""
        if isinstance(error, (OSError, UserError)) and self._of_lost_folder(error):
            self.set_away(True)
            self.told.emit(self.away_text(), None)
            return
        if isinstance(error, OSError):
            error = UserError(
                tr("The disk refused: {reason}.", reason=error.strerror or str(error)),
                tr("Check the free space and your rights in that folder, then try again."),
                str(error),
                code="disk",
            )
        if not isinstance(error, (UserError, JobError)):
            raise error
        self.failed.emit(error)

    def _of_lost_folder(self, error: OSError | UserError) -> bool:
        """Whether the cause is that the open project's folder is not there any more: its own message would only mislead."""
        project = self.project
        if project is None:
            return False
        if isinstance(error, FileNotFoundError) and error.filename == str(project.path):
            return True  # it was gone when a thread looked; it may be back
        if project.path.is_dir() and not self.away:
            return False
        if isinstance(error, OSError):
            return error.filename is None or Path(str(error.filename)).is_relative_to(project.path)
        return str(project.path) in f"{error.message}\n{error.hint}\n{error.details}"

    def away_text(self) -> str:
        """What is said of a project whose folder is not there."""
        return tr(
            "The project’s folder {folder} cannot be reached: it was moved or renamed, or its disk is not connected.",
            folder=self.project.path if self.project is not None else "",
        )

    def tell(self, text: str, step: Step | None = None) -> None:
        """Say something in passing; with ``step`` the message offers to undo it, and so does Ctrl+Z."""
        if step is not None:
            self.undo.push(step)
        self.told.emit(text, step)

    def go(self, page: str, **where: Any) -> None:
        """Show a page: ``go("training", run="voice")``."""
        self.wanted.emit(page, where)

    # Asking

    def _ask_user(self, title: str, text: str, action: str, danger: bool) -> bool:
        box = QMessageBox(self.window)
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setWindowTitle(title)
        box.setText(title)
        box.setInformativeText(text)
        yes = box.addButton(
            action, QMessageBox.ButtonRole.DestructiveRole if danger else QMessageBox.ButtonRole.AcceptRole
        )
        yes.setProperty("variant", "danger" if danger else "primary")
        repolish(yes)
        no = box.addButton(tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(no)  # type: ignore[arg-type]
        box.setEscapeButton(no)
        box.exec()
        return box.clickedButton() is yes

    def _pick_files(self, title: str, filters: str) -> list[Path]:
        names, _ = QFileDialog.getOpenFileNames(self.window, title, self._last(), filters)
        return [Path(self._remember(name)) for name in names]

    def _pick_folder(self, title: str, start: str) -> Path | None:
        name = QFileDialog.getExistingDirectory(self.window, title, start or self._last())
        return Path(self._remember(name)) if name else None

    def _pick_save(self, title: str, start: str, filters: str) -> Path | None:
        name, _ = QFileDialog.getSaveFileName(self.window, title, start or self._last(), filters)
        return Path(self._remember(name)) if name else None

    def _last(self) -> str:
        return self.memory.folder or str(Path.home())

    def _remember(self, name: str) -> str:
        self.memory.folder = str(Path(name).parent)
        return name

    # Told by the application

    def set_services(self, services: Services) -> None:
        """The services were built."""
        self.services = services
        self.ready.emit()
        self.actions.refresh()

    def set_project(self, project: Project | None) -> None:
        """Another project is open now, or none."""
        self.project = project
        self.undo.clear()
        self.set_away(False)
        self.project_changed.emit()
        self.actions.refresh()

    def set_changed(self, topics: Sequence[str]) -> None:
        """Something changed on disk."""
        if topics:
            self.data_changed.emit(frozenset(topics))

    def set_away(self, away: bool) -> None:
        """The open project's folder is gone for now, or there again."""
        if away != self.away:
            self.away = away
            self.away_changed.emit()
