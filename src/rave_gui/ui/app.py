"""Start of the window. Frame, navigation and status bar are painted first; then come the page that is shown, then, in a thread,
the services, and the other pages one by one while nothing else is to be done.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from rave_gui.i18n import use_language
from rave_gui.paths import AppPaths, default_paths
from rave_gui.settings import Settings
from rave_gui.ui.bridge import Bridge
from rave_gui.ui.i18n import tr
from rave_gui.ui.main_window import MainWindow
from rave_gui.ui.shell.actions import Action
from rave_gui.ui.shell.page import PAGES, Page, PageSpec
from rave_gui.ui.shell.projects import ProjectCommands
from rave_gui.ui.shell.session import Session
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.viewmodels.memory import Memory

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.viewmodels.engine import EngineModel
    from rave_gui.viewmodels.quickstart import Driver


class App(QObject):
    """Holds the window together: who is told what. One object a process, owned by :func:`run` (or by a test)."""

    def __init__(
        self,
        qt: QApplication,
        paths: AppPaths,
        project: str = "",
        make_driver: Callable[[Services], Driver] | None = None,
        warm: bool = False,
    ) -> None:
        """``make_driver`` replaces the quickstart's driver (tests and the screenshot tour).

        ``warm``: start the engine's warm worker once the window is there, so that a training begins at once.
        """
        super().__init__()
        self._paths, self._asked = paths, project
        self._make_driver = make_driver
        self._warm = warm
        self.pages: dict[str, Page] = {}
        """Pages made so far, by key."""
        self._reports: list[QObject] = []
        self.settings = Settings.load(paths.config / "settings.json")
        self.memory = Memory.load(paths.config)
        self.themes = ThemeManager(
            qt, self.settings.text("theme"), round(self.settings.number("text_scale") * 100)
        )
        self.bridge = Bridge(self, self.show_bug)
        self.session = Session(paths, self.settings, self.themes, self.bridge, self.memory)
        self.session.use_project = self.use_project
        self.window = window = MainWindow(self.themes)
        self.session.window = window
        self._specs = {spec.key: spec for spec in PAGES}
        for spec in PAGES:
            window.add_page(spec.key, tr(spec.title), spec.icon, in_rail=spec.in_rail)
        window.wanted.connect(self.show_page)
        window.painted.connect(self._load)
        window.closing.connect(self.close)
        window.appearance.connect(self._keep_appearance)
        window.rail.help.clicked.connect(self._show_shortcuts)
        window.status.job_clicked.connect(lambda: self.show_page("jobs"))
        self.session.wanted.connect(self.show_page)
        self.session.told.connect(lambda text, _step: window.status.tell(text))
        self.session.failed.connect(self._show_failure)
        self.session.data_changed.connect(self._data_changed)
        self.session.engine.changed.connect(self._show_engine)
        self.session.actions.go_to = self.show_page
        self.projects = ProjectCommands(self.session)
        self.session.actions.add([*self._engine_actions(), *self.projects.actions_here()], window)
        window.restore(self.memory.geometry)
        window.show_page(self.memory.page)

    @property
    def services(self) -> Services | None:
        """Every object of the application, once built."""
        return self.session.services

    @property
    def engine(self) -> EngineModel:
        """The engine as the window shows it."""
        return self.session.engine

    @property
    def built(self) -> bool:
        """Whether the shown page is there."""
        return self.window.page in self.pages

    def page(self, key: str) -> Any:
        """A page, made now if it has not been."""
        if key not in self.pages:
            self._make(self._specs[key])
        return self.pages[key]

    def show_page(self, key: str, where: dict[str, Any] | None = None) -> None:
        """Bring a page to the front and tell it what to show."""
        if key not in self._specs:
            key = PAGES[0].key
        old = self.pages.get(self.window.page)
        page = self.page(key)
        if old is not None and old is not page:
            old.leave()
        self.window.show_page(key)
        page.enter(where or {})
        self.session.actions.refresh()

    def close(self) -> None:
        """Remember the window and let go of everything; jobs go on."""
        self.memory.geometry = self.window.geometry_text()
        self.memory.page = self.window.page
        self.memory.save(self._paths.config)
        for page in self.pages.values():
            page.leave()
        detach = getattr(self.pages.get("quickstart"), "detach", None)
        if detach is not None:
            detach()
        self.bridge.close()

    def show_bug(self, error: BaseException, trace: TracebackType | None = None) -> None:
        """One dialog with a report to copy."""
        from rave_gui.ui.dialogs.report import ReportDialog, report_text

        dialog = ReportDialog(
            self.themes, report_text(type(error), error, trace or error.__traceback__), self.window
        )
        dialog.setAttribute(_delete_on_close())
        self._reports.append(dialog)
        dialog.finished.connect(lambda _result: self._reports.remove(dialog))
        dialog.open()

    def build(self) -> None:
        """Make the page that is shown (after the first paint; nothing when it is there)."""
        if not self.built:
            self.show_page(self.window.page)

    def use_project(self, path: Path | None) -> None:
        """Open the project in a folder, in a thread, and tell everybody; None closes the one that is open."""
        if path is None:
            self.session.set_project(None)
            return

        def load() -> Any:
            from rave_gui.projects import Project

            project = Project.open(path)
            project.store.meta("id")
            return project

        def done(project: Any) -> None:
            self.memory.use_project(str(project.path))
            self.memory.save(self._paths.config)
            self.session.set_project(project)

        self.session.call(load, done)

    def _make(self, spec: PageSpec) -> Page:
        page = spec.make(self.session)
        self.pages[spec.key] = page
        if spec.key == "quickstart":
            self._wire_quickstart(page)
        self.session.actions.add(page.actions_here(), page)
        page.built()
        self.window.fill_page(spec.key, page)
        self.session.project_changed.connect(page.project_changed)
        self.session.data_changed.connect(page.data_changed)
        if self.session.services is not None:
            page.services_ready()
        else:
            self.session.ready.connect(page.services_ready)
        return page

    def _wire_quickstart(self, page: Any) -> None:
        page.make_driver = self._make_driver
        page.told.connect(self.window.status.tell)
        page.project_used.connect(lambda path: self.use_project(Path(path)))
        page.engine_wanted.connect(self.install_engine)
        page.engine_cancelled.connect(self.cancel_engine)

    def _load(self) -> None:
        """After the first paint: the shown page, then the services in a thread."""
        self.build()
        for problem in self.settings.problems:
            self.window.status.tell(problem)
        paths = self._paths

        def load() -> tuple[Services, Any]:
            from rave_gui.bootstrap import build

            services = build(paths)
            return services, services.engine.status()

        self.bridge.call(load, self._loaded)

    def _loaded(self, found: tuple[Services, Any]) -> None:
        services, status = found
        self.session.set_services(services)
        self.engine.set_status(status)
        last = self._asked or self.settings.text("default_project") or self.memory.project
        if last and (self._asked or Path(last).is_dir()):
            self.use_project(Path(last))
        self.bridge.call(lambda: _running_install(services), self._follow_install)
        self._warm_up()
        QTimer.singleShot(0, self, self._make_next)

    def _make_next(self) -> None:
        """Make the pages nobody asked for yet, one at a time."""
        missing = [spec for spec in PAGES if spec.key not in self.pages and spec.in_rail]
        if missing:
            self._make(missing[0])
            QTimer.singleShot(0, self, self._make_next)

    def _warm_up(self) -> None:
        """Have RAVE imported before it is needed. Nobody waits for it, and without it jobs only start slower."""
        services = self.services
        if not self._warm or services is None or not self.engine.ready:
            return
        from rave_gui.runtime.worker_client import WarmWorker

        worker = WarmWorker(services.engine, services.paths)
        self.bridge.aside(worker.start, self._not_warm)

    def _not_warm(self, error: Exception) -> None:
        from rave_gui.errors import UserError

        if not isinstance(error, (UserError, OSError)):
            raise error

    def _engine_actions(self) -> list[Action]:
        engine, group = self.session.engine, tr("Engine")
        return [
            Action(
                "engine.install",
                tr("Set up the engine"),
                self.install_engine,
                "download",
                group=group,
                enabled=lambda: self.services is not None and not engine.ready and not engine.installing,
            ),
            Action(
                "engine.cancel",
                tr("Cancel the engine's set-up"),
                self.cancel_engine,
                "x",
                group=group,
                enabled=lambda: engine.installing,
            ),
        ]

    def install_engine(self) -> None:
        """Set the engine up, as a job; nothing when that is being done."""
        services = self.services
        if services is None or self.engine.installing:
            return
        from rave_protocol.specs import EngineInstallParams

        build: Any = services.settings.text("torch_build")
        params = EngineInstallParams(build)
        self.engine.begin_install()
        self.bridge.call(
            lambda: services.jobs.submit(
                "engine-install", params, project=None, title=tr("Set up the engine")
            ),
            self._follow_install,
            self._install_failed,
        )

    def _follow_install(self, view: Any) -> None:
        services = self.services
        if view is None or services is None:
            return
        from rave_gui.jobs.watch import Watch

        if not self.engine.installing:
            self.engine.begin_install()
        self.engine.install_job = view.id

        def read(stop: Any, emit: Any) -> tuple[Any, Any]:
            ended = Watch(services.jobs, view.id).wait(emit, lambda: stop.requested)
            return ended, services.engine.status()

        def done(found: tuple[Any, Any]) -> None:
            ended, status = found
            self.engine.end_install(ended.state, ended.error, ended.reason)
            self.engine.set_status(status)
            if status.ready:
                self.window.status.tell(tr("The engine is ready."))
                self._warm_up()

        self.bridge.stream(read, self.engine.apply, done, self._install_failed)

    def _install_failed(self, error: Exception) -> None:
        from rave_gui.errors import UserError

        if not isinstance(error, UserError):
            raise error
        self.engine.end_install("failed", error.to_json())

    def cancel_engine(self) -> None:
        """Stop the engine's set-up; what was there before stays."""
        services, job = self.services, self.engine.install_job
        if services is not None and job and self.engine.installing:
            self.bridge.call(lambda: services.jobs.cancel(job), None, self._install_failed)

    def _show_engine(self) -> None:
        status, engine = self.window.status, self.engine
        if engine.installing:
            status.show_engine(tr("Engine is being set up"), "accent")
        elif engine.ready:
            status.show_engine(
                tr("Engine ready: PyTorch {torch}, {device}", torch=engine.torch, device=engine.device), ""
            )
        elif engine.known:
            status.show_engine(tr("Engine missing"), "warning")

    def _show_failure(self, error: Any) -> None:
        self.window.status.tell(error.message)

    def _data_changed(self, topics: frozenset[str]) -> None:
        del topics
        self.session.actions.refresh()

    def _keep_appearance(self, choice: str, scale: int) -> None:
        from rave_gui.errors import UserError

        try:
            self.settings.set("theme", choice)
            self.settings.set("text_scale", scale / 100)
        except UserError as error:
            self.window.status.tell(error.message)

    def _show_shortcuts(self) -> None:
        from rave_gui.ui.dialogs.shortcuts import ShortcutsDialog

        dialog = ShortcutsDialog(self.themes, self.window)
        dialog.setAttribute(_delete_on_close())
        dialog.open()


def _delete_on_close() -> Any:
    from PySide6.QtCore import Qt

    return Qt.WidgetAttribute.WA_DeleteOnClose


def _running_install(services: Services) -> Any:
    """An engine set-up that runs already (begun by another window, or before this one was closed)."""
    views = [v for v in services.jobs.list() if v.kind == "engine-install" and not v.final]
    return views[-1] if views else None


def run(argv: list[str]) -> int:
    """Open the window and stay until it is closed; ``argv``: Qt's own arguments and at most one project folder.

    Returns the exit code.
    """
    qt = QApplication([sys.argv[0] if sys.argv else "rave-gui", *argv])
    qt.setApplicationName("rave-gui")
    qt.setApplicationDisplayName("RAVE GUI")
    qt.setDesktopFileName("rave-gui")
    use_language()
    rest = [a for a in qt.arguments()[1:] if not a.startswith("-")]
    app = App(qt, default_paths(), str(Path(rest[0]).absolute()) if rest else "", warm=True)

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.__excepthook__(kind, error, trace)
        if not issubclass(kind, KeyboardInterrupt):
            app.show_bug(error, trace)

    sys.excepthook = hook
    app.window.show()
    code = qt.exec()
    sys.excepthook = sys.__excepthook__
    app.themes.close()
    return code
