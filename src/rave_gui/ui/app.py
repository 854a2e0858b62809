"""Start of the window. Frame, navigation and status bar are painted first; then come the pages, then, in a thread, the services
and the engine's state, and numpy and pyqtgraph when the first curve is drawn.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from rave_gui.paths import AppPaths, default_paths
from rave_gui.settings import Settings
from rave_gui.ui.bridge import Bridge
from rave_gui.ui.i18n import tr
from rave_gui.ui.main_window import MainWindow
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.viewmodels.memory import Memory

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.ui.pages.jobs.page import JobsPage
    from rave_gui.ui.pages.train.page import TrainPage
    from rave_gui.viewmodels.engine import EngineModel
    from rave_gui.viewmodels.quickstart import Driver
    from rave_gui.viewmodels.setup import SetupModel


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
        self._paths, self._project = paths, project
        self._make_driver = make_driver
        self._warm = warm
        self.built = False
        """Whether the pages are there: :attr:`train`, :attr:`jobs` and their models."""
        self.train: TrainPage
        self.jobs: JobsPage
        self.setup: SetupModel
        self.engine: EngineModel
        self.services: Services | None = None
        self._reports: list[QObject] = []
        self.settings = Settings.load(paths.config / "settings.json")
        self.memory = Memory.load(paths.config)
        self.themes = ThemeManager(
            qt, self.settings.text("theme"), round(self.settings.number("text_scale") * 100)
        )
        self.bridge = Bridge(self, self.show_bug)
        self.window = window = MainWindow(self.themes)
        window.add_page("train", tr("Train"), "audio-waveform")
        window.add_page("jobs", tr("Jobs"), "list-checks")
        window.painted.connect(self._load)
        window.closing.connect(self.close)
        window.appearance.connect(self._keep_appearance)
        window.rail.help.clicked.connect(self._show_shortcuts)
        window.status.job_clicked.connect(lambda: window.show_page("train"))
        window.restore(self.memory.geometry)
        window.show_page(self.memory.page)

    def close(self) -> None:
        """Remember the window and let go of everything; jobs go on."""
        self.memory.geometry = self.window.geometry_text()
        self.memory.page = self.window.page
        self.memory.save(self._paths.config)
        if self.built:
            self.train.detach()
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
        """Make the pages (after the first paint; nothing when they are there)."""
        if self.built:
            return
        from rave_gui.configs.presets import PRESETS
        from rave_gui.ui.pages.jobs.page import JobsPage
        from rave_gui.ui.pages.train.page import TrainPage
        from rave_gui.viewmodels.engine import EngineModel
        from rave_gui.viewmodels.jobs import JobsModel
        from rave_gui.viewmodels.setup import SetupModel

        window = self.window
        start = self._project or self.settings.text("default_project") or self.memory.project
        self.engine = EngineModel()
        self.setup = SetupModel(PRESETS, start or str(Path.home() / "RAVE Projects" / "My first model"))
        self.train = TrainPage(self.themes, self.bridge, self.setup, self.engine)
        self.train.told.connect(window.status.tell)
        self.train.project_used.connect(self._use_project)
        self.train.state_changed.connect(self._show_job)
        self.train.engine_wanted.connect(self._install_engine)
        self.train.engine_cancelled.connect(self._cancel_engine)
        self.engine.changed.connect(self._show_engine)
        window.fill_page("train", self.train)
        self.jobs = JobsPage(self.themes, self.bridge, JobsModel())
        self.jobs.projects = lambda: tuple(dict.fromkeys((self.setup.project, *self.memory.recent)))
        self.jobs.told.connect(window.status.tell)
        window.fill_page("jobs", self.jobs)
        self.built = True
        first = self.train.form.files if window.page == "train" else window.rail.buttons[window.page]
        first.setFocus()

    def _load(self) -> None:
        """After the first paint: the pages, then the services in a thread."""
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
        from rave_gui.viewmodels.driver import QuickstartDriver, phase_switch

        services, status = found
        self.services = services
        self.engine.set_status(status)
        self.train.switch_of = phase_switch
        self.train.connect_driver((self._make_driver or QuickstartDriver)(services))
        self.jobs.connect_services(services)
        self.bridge.call(lambda: _running_install(services), self._follow_install)
        self._warm_up()

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

    def _install_engine(self) -> None:
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

    def _cancel_engine(self) -> None:
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

    def _show_job(self) -> None:
        from rave_gui.ui import words

        model = self.train.model
        if model.mode != "running":
            self.window.status.show_job("")
            self.window.setWindowTitle("RAVE GUI")
            return
        stage = words.stage_titles()[model.stage]
        share = model.current.fraction
        text = tr("{stage} {share}", stage=stage, share=f"{share:.0%}") if share is not None else stage
        if model.paused:
            text = tr("{stage} paused", stage=stage)
        self.window.status.show_job(text)
        self.window.setWindowTitle(tr("{text} – RAVE GUI", text=text))

    def _keep_appearance(self, choice: str, scale: int) -> None:
        from rave_gui.errors import UserError

        try:
            self.settings.set("theme", choice)
            self.settings.set("text_scale", scale / 100)
        except UserError as error:
            self.window.status.tell(error.message)

    def _use_project(self, path: str) -> None:
        self.memory.use_project(path)
        self.memory.save(self._paths.config)

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
