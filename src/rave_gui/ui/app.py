"""Start of the window. Frame, navigation and status bar are painted first; then come the page that is shown, then, in a thread,
the services, and the other pages one by one while nothing else is to be done.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QDialog

from rave_gui.errors import UserError
from rave_gui.paths import AppPaths, default_paths
from rave_gui.settings import Settings, speak
from rave_gui.ui import words
from rave_gui.ui.bridge import Bridge
from rave_gui.ui.bridge.qt_types import QtTypes
from rave_gui.ui.i18n import tr
from rave_gui.ui.main_window import MainWindow
from rave_gui.ui.shell import menus
from rave_gui.ui.shell.away import AwayNotice
from rave_gui.ui.shell.commands import page_keys, window_actions
from rave_gui.ui.shell.engine_setup import EngineSetup
from rave_gui.ui.shell.live import Live
from rave_gui.ui.shell.messages import Messages, place_of
from rave_gui.ui.shell.page import PAGES, Page, PageSpec, import_pages
from rave_gui.ui.shell.projects import ProjectCommands
from rave_gui.ui.shell.session import Session
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.viewmodels.jobs import fraction
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
        *,
        warm: bool = False,
        settings: Settings | None = None,
    ) -> None:
        """``make_driver`` replaces the quickstart's driver (tests and the screenshot tour).

        ``warm``: start the engine's warm worker once the window is there, so that a training begins at once.
        ``settings``: those read already (for the language); None reads them.
        """
        super().__init__()
        self._paths, self._asked = paths, project
        self._make_driver = make_driver
        self.pages: dict[str, Page] = {}
        """Pages made so far, by key."""
        self._missed: dict[str, set[str]] = {}
        """What changed on disk while a page was not shown: it is told when it is."""
        self.settings = settings or Settings.load(paths.config / "settings.json")
        self.memory = Memory.load(paths.config)
        self.themes = ThemeManager(
            qt, self.settings.text("theme"), round(self.settings.number("text_scale") * 100)
        )
        self.bridge = Bridge(self, self.show_bug)
        self.session = Session(paths, self.settings, self.themes, self.bridge, self.memory)
        self.session.setParent(self)
        self.session.use_project = self.use_project
        self.window = window = MainWindow(self.themes)
        self.session.window = window
        self.messages = Messages(self.session, window)
        self.away = AwayNotice(self.session, window)
        self.engine_setup = EngineSetup(self.session, warm)
        self.live = Live(self.session)
        self._qt_types = QtTypes(self)
        self._qt_types.ready.connect(self._import_pages)
        self._specs = {spec.key: spec for spec in PAGES}
        keys = page_keys()
        for spec in PAGES:
            window.add_page(spec.key, tr(spec.title), spec.icon, keys.get(spec.key, ""), in_rail=spec.in_rail)
        registry = self.session.actions
        registry.go_to = self.show_page
        self.projects = ProjectCommands(self.session)
        registry.add([*window_actions(self), *self.projects.actions_here()], window)
        window.sidebar.look.setMenu(menus.look_menu(registry, window))
        window.sidebar.help.setMenu(menus.help_menu(registry, window))
        menus.menu_bar(window, registry)
        window.set_sidebar(self.settings.text("sidebar"))
        self._wire()
        window.restore(self.memory.geometry)
        window.show_page(self.memory.page)
        window.pages.setFocus()  # Tab begins with the page; nothing is marked before a key was pressed

    def _wire(self) -> None:
        window, session = self.window, self.session
        window.wanted.connect(self.show_page)
        window.painted.connect(self._load)
        window.closing.connect(self.close)
        for button, act in (
            (window.sidebar.command, self.show_palette),
            (window.sidebar.settings, self.show_settings),
        ):
            button.clicked.connect(lambda _checked=False, act=act: act())
        window.sidebar.switch_wanted.connect(self.show_switcher)
        window.status.sidebar_clicked.connect(lambda: session.actions.trigger("window.sidebar"))
        window.status.engine_clicked.connect(self.show_doctor)
        window.status.job_clicked.connect(self._show_job)
        window.status.bell_clicked.connect(self.show_messages)
        session.wanted.connect(self.show_page)
        session.data_changed.connect(self._data_changed)
        session.project_changed.connect(self._name_project)
        session.undo.changed.connect(session.actions.refresh)
        session.actions.triggered.connect(self.memory.use_action)
        session.engine.changed.connect(self._show_engine)
        session.jobs.changed.connect(self._show_jobs)
        self._stop_listening = self.settings.listen(self._setting_changed)

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

    # Pages -----------------------------------------------------------------------------------------------------------

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
        missed = self._missed.pop(key, None)
        if missed:  # before it is shown and entered: what it has to read it then reads once
            page.data_changed(frozenset(missed))
        self.window.show_page(key)
        page.enter(where or {})
        self.session.actions.refresh()

    def build(self) -> None:
        """Make the page that is shown (after the first paint; nothing when it is there)."""
        if not self.built:
            self.show_page(self.window.page)

    def _make(self, spec: PageSpec) -> Page:
        page = spec.make(self.session)
        self.pages[spec.key] = page
        if spec.key == "quickstart":
            self._wire_quickstart(page)
        self.session.actions.add(page.actions_here(), page)
        page.built()
        self.window.fill_page(spec.key, page)
        self.session.project_changed.connect(page.project_changed)
        if self.session.services is not None:
            page.services_ready()
        else:
            self.session.ready.connect(page.services_ready)
        return page

    def _wire_quickstart(self, page: Any) -> None:
        page.make_driver = self._make_driver
        page.told.connect(self.session.tell)
        page.project_used.connect(lambda path: self.use_project(Path(path)))
        page.engine_wanted.connect(self.install_engine)
        page.engine_cancelled.connect(self.cancel_engine)

    def _make_next(self) -> None:
        """Make the pages nobody asked for yet, one at a time."""
        missing = [spec for spec in PAGES if spec.key not in self.pages and spec.in_rail]
        if missing:
            self._make(missing[0])
            QTimer.singleShot(0, self, self._make_next)

    # Start, project, end ---------------------------------------------------------------------------------------------

    def _load(self) -> None:
        """After the first paint: the shown page, then the services in a thread."""
        self.build()
        for problem in self.settings.problems:
            self.session.tell(problem)
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
        self.engine_setup.begin()
        self.live.begin()
        self._qt_types.start()

    def _import_pages(self) -> None:
        """What pages import (plots above all) takes a second: in a thread, while the window can be used already."""
        self.bridge.stream(import_pages, lambda _keys: None, lambda _none: self._make_next())

    def use_project(self, path: Path | None) -> None:
        """Open the project in a folder, in a thread, and tell everybody; None closes the one that is open."""
        services = self.session.services
        if path is None or services is None:
            self.session.set_project(None)
            return

        def load() -> Any:
            from rave_gui.projects import Project
            from rave_gui.workspace import actions

            info = actions.open_project(services, path)
            return Project.open(info.path), info.name

        def done(found: Any) -> None:
            project, name = found
            self.memory.use_project(str(project.path))
            self.memory.save(self._paths.config)
            self.window.name_project(name, str(project.path))
            self.session.set_project(project)

        self.session.call(load, done)

    def _name_project(self) -> None:
        self._missed.clear()  # pages read everything again when the project is another one
        if self.session.project is None:
            self.window.name_project("")

    def _data_changed(self, topics: frozenset[str]) -> None:
        for key, page in self.pages.items():
            if key == self.window.page:
                page.data_changed(topics)
            else:
                self._missed.setdefault(key, set()).update(topics)
        project = self.session.project
        if project is not None and "project" in topics:  # perhaps renamed, here or in another window

            def named(name: str) -> None:
                if self.session.project is project:
                    self.window.name_project(name, str(project.path))

            self.session.call(lambda: project.name, named)
        self.session.actions.refresh()

    def close(self) -> None:
        """Remember the window and let go of everything; jobs go on."""
        self.memory.geometry = self.window.geometry_text()
        self.memory.page = self.window.page
        self.memory.save(self._paths.config)
        self._stop_listening()
        for page in self.pages.values():
            page.leave()
        detach = getattr(self.pages.get("quickstart"), "detach", None)
        if detach is not None:
            detach()
        self.messages.close()
        self._end_boards()
        self._qt_types.stop()
        self.bridge.close()

    def _end_boards(self) -> None:
        """TensorBoards that this window started end with it."""
        # Not loaded: this process has started none, and the window closes without reading that module.
        boards = sys.modules.get("rave_gui.training.tensorboard")
        if boards is None or self.services is None:
            return
        self.window.hide()  # a board that does not listen may take seconds
        with contextlib.suppress(OSError):
            boards.stop_own(self.services)

    # Settings --------------------------------------------------------------------------------------------------------

    def keep(self, key: str, value: Any) -> None:
        """Change a setting; what it changes in the window follows at once."""
        try:
            self.settings.set(key, value)
        except UserError as error:
            self._setting_changed(key, value)  # for this session at least
            self.session.fail(error)

    def toggle_sidebar(self) -> None:
        """Words in the navigation, or icons only."""
        self.keep("sidebar", "narrow" if self.window.sidebar.wide else "wide")

    def _setting_changed(self, key: str, value: Any) -> None:
        if key == "theme":
            self.themes.set_choice(str(value))
        elif key == "text_scale":
            self.themes.set_scale(round(float(value) * 100))
        elif key == "sidebar":
            self.window.set_sidebar(str(value))
        else:
            return
        self.session.actions.refresh()

    # Dialogs ---------------------------------------------------------------------------------------------------------

    def show_palette(self) -> None:
        """Find anything by its name."""
        from rave_gui.ui.dialogs.palette import Palette

        Palette(self.session).show_it()

    def show_switcher(self) -> None:
        """What projects there are, below their button."""
        services, button = self.session.services, self.window.sidebar.project
        if services is None:
            menus.project_menu(self.session, button)
            return
        from rave_gui.workspace import actions

        def show(found: list[Any]) -> None:
            menus.project_menu(self.session, button, found)

        self.session.call(lambda: actions.recent(services), show)

    def show_settings(self, key: str = "") -> None:
        """All settings; with ``key``, that one in view."""
        from rave_gui.ui.dialogs.settings import SettingsDialog

        dialog = SettingsDialog(self.session)
        dialog.show_it()
        dialog.show_setting(key)

    def show_shortcuts(self) -> None:
        """Every shortcut on one sheet."""
        from rave_gui.ui.dialogs.shortcuts import ShortcutsDialog

        ShortcutsDialog(self.session).show_it()

    def show_doctor(self) -> None:
        """Look at this computer."""
        from rave_gui.ui.dialogs.doctor import DoctorDialog

        DoctorDialog(self.session).show_it()

    def show_about(self) -> None:
        """Versions and licences."""
        from rave_gui.ui.dialogs.about import AboutDialog

        AboutDialog(self.session).show_it()

    def show_report(self) -> None:
        """A report to copy, asked for by the user."""
        from rave_gui.ui.dialogs.report import open_report

        open_report(self.session)

    def show_messages(self) -> None:
        """What was said, behind the bell."""
        from rave_gui.ui.dialogs.messages import MessagesPanel

        MessagesPanel(self.session, self.messages.notices, self.window.status.bell).show_it()

    def show_bug(self, error: BaseException, trace: TracebackType | None = None) -> None:
        """One dialog with a report to copy."""
        self.messages.show_bug(error, trace)

    # Engine and jobs -------------------------------------------------------------------------------------------------

    def install_engine(self) -> None:
        """Set the engine up, as a job."""
        self.engine_setup.install()

    def cancel_engine(self) -> None:
        """Stop the engine's set-up; what was there before stays."""
        self.engine_setup.cancel()

    def _show_engine(self) -> None:
        status, engine = self.window.status, self.engine
        if engine.installing:
            status.show_engine(tr("Engine is being set up"), "accent")
        elif engine.ready:
            text = tr("Engine ready: PyTorch {torch}, {device}", torch=engine.torch, device=engine.device)
            status.show_engine(text, "", tr("Check this computer"))
        elif engine.known:
            status.show_engine(tr("Engine missing"), "warning", engine.problem)
        self.session.actions.refresh()

    def _show_jobs(self, _moved: bool) -> None:
        active = self.session.jobs.active
        jobs = self.window.sidebar.buttons["jobs"]
        jobs.trail(str(len(active)) if active else "", count=bool(active))
        working = [row for row in active if row.state != "queued"] or active
        if not working:
            self.window.status.show_job("")
            return
        row = working[0]
        share, eta = fraction(row), (row.progress or {}).get("eta")
        parts = [row.title]
        if row.state in ("queued", "paused", "stopping"):
            parts.append(words.job_state(row.state))
        elif share is not None:
            parts.append(f"{share:.0%}")
            if isinstance(eta, (int, float)):
                parts.append(tr("{time} left", time=words.duration(eta)))
        if len(active) > 1:
            parts.append(tr("{n} more", n=len(active) - 1))
        self.window.status.show_job("  ·  ".join(parts), share)

    def _show_job(self) -> None:
        active = self.session.jobs.active
        working = [row for row in active if row.state != "queued"] or active
        if len(active) == 1:
            page, where = place_of(working[0])
            self.show_page(page, where)
        else:
            self.show_page("jobs", {"job": working[0].id} if working else {})

    def open_dialogs(self) -> list[QDialog]:
        """Dialogs in front of the window, for tests and pictures."""
        return [d for d in self.window.findChildren(QDialog) if d.isVisible()]


def run(argv: list[str]) -> int:
    """Open the window and stay until it is closed; ``argv``: Qt's own arguments and at most one project folder.

    Returns the exit code.
    """
    qt = QApplication([sys.argv[0] if sys.argv else "rave-gui", *argv])
    qt.setApplicationName("rave-gui")
    qt.setApplicationDisplayName("RAVE GUI")
    qt.setDesktopFileName("rave-gui")
    paths = default_paths()
    settings = Settings.load(paths.config / "settings.json")
    speak(paths.config)
    rest = [a for a in qt.arguments()[1:] if not a.startswith("-")]
    app = App(qt, paths, str(Path(rest[0]).absolute()) if rest else "", warm=True, settings=settings)

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
