"""The page that leads through the way: the form, the work, the result. Finds a way under way again when it is opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMessageBox, QStackedWidget, QVBoxLayout

from rave_gui.configs.presets import PRESETS
from rave_gui.errors import JobError, UserError
from rave_gui.ui import words
from rave_gui.ui.bridge import Stop, Task
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.quickstart.setup import SetupView
from rave_gui.ui.shell.page import Page
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import repolish
from rave_gui.viewmodels.quickstart import Driver, Found, QuickstartModel, Request, Update
from rave_gui.viewmodels.setup import SetupModel
from rave_protocol import jobfolder

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services

LOG_POLL = 0.25


class QuickstartPage(Page):
    """Give it a driver with :meth:`connect_driver` when the services are there; until then only the form can be filled in.

    ``told``: a short message for the status bar; ``project_used``: a project folder; ``state_changed``: mode or progress.
    """

    told = Signal(str)
    project_used = Signal(str)
    state_changed = Signal()
    engine_wanted = Signal()
    engine_cancelled = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        themes, bridge, engine = session.themes, session.bridge, session.engine
        start = str(session.project.path) if session.project else session.memory.project
        setup = SetupModel(PRESETS, start or str(Path.home() / "RAVE Projects" / "My first model"))
        self._themes, self._bridge, self._engine = themes, bridge, engine
        self._driver: Driver | None = None
        self.make_driver: Callable[[Services], Driver] | None = None
        """Replaces the quickstart's driver (tests and the screenshot tour)."""
        self._drive: Task | None = None
        self._tails: dict[str, Task] = {}
        self.setup = setup
        self.model = QuickstartModel()
        self.switch_of: Callable[[str, int], float | None] = lambda _preset, _steps: None
        """Where phase 2 begins for a preset and a number of steps."""
        self.confirm: Callable[[str, str, str], bool] = self._ask_user
        self.form = SetupView(themes, setup)
        self.form.started.connect(self.start)
        self.form.engine_wanted.connect(self.engine_wanted)
        self.form.engine_cancelled.connect(self.engine_cancelled)
        self.run_view: Any = None
        self.stack = QStackedWidget()
        self.stack.addWidget(self.form)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.stack)
        self.model.changed.connect(self._changed)
        engine.changed.connect(self._engine_changed)
        self._engine_changed()

    def services_ready(self) -> None:
        """Look for a way of the open project."""
        from rave_gui.viewmodels.driver import QuickstartDriver, phase_switch

        services = self.session.services
        assert services is not None
        self.switch_of = phase_switch
        self.connect_driver((self.make_driver or QuickstartDriver)(services))

    def project_changed(self) -> None:
        """Another project is open: its own way is shown, unless one is being watched."""
        project = self.session.project
        if project is not None and self.model.mode != "running" and str(project.path) != self.setup.project:
            self.setup.set_project(str(project.path))
            self.model.back_to_setup()
            self.open_project(project.path)

    def enter(self, where: dict[str, Any]) -> None:
        """``project``: folder to use; ``demo``: begin with the demo sounds."""
        if self.model.mode != "setup":
            return
        if where.get("project"):
            self.setup.set_project(str(where["project"]))
        if where.get("demo"):
            self.setup.use_demo()
        if "demo" in where:
            (self.form.start if where["demo"] else self.form.folder).setFocus()

    def leave(self) -> None:
        """Sound stops when the page is left."""
        if self.run_view is not None:
            self.run_view.listen.release()

    def build_run_view(self) -> None:
        """Make the part with plots (imports numpy and pyqtgraph: after the first paint, or when it is needed)."""
        if self.run_view is not None:
            return
        from rave_gui.ui.pages.quickstart.run import RunView

        self.run_view = RunView(self._themes, self._bridge, self.model)
        self.run_view.asked.connect(self.ask)
        self.run_view.again.connect(self.go_on)
        self.run_view.new.connect(self.model.back_to_setup)
        self.run_view.told.connect(self.told)
        self.stack.addWidget(self.run_view)

    def connect_driver(self, driver: Driver) -> None:
        """The services are there: look for a way of the last project."""
        self._driver = driver
        if self.setup.project:
            self.open_project(Path(self.setup.project))

    def open_project(self, project: Path) -> None:
        """Show what a project holds: a way under way is watched again, a finished one shown, otherwise the form."""
        driver = self._driver
        if driver is not None and self.model.mode != "running":
            self._bridge.call(lambda: driver.find(project), self._found, self._not_found)

    def start(self, request: Request) -> None:
        """Begin a way."""
        self._go(request, again=False)

    def go_on(self) -> None:
        """Take up the newest way of the project again."""
        if self.model.request is not None and self.model.mode != "running":
            self._go(self.model.request, again=True)

    def ask(self, command: str) -> None:
        """Send pause, resume, stop or cancel; cancel asks first and says what goes."""
        driver, handle = self._driver, self.model.handles.get(self.model.stage)
        if driver is None or handle is None or self.model.mode != "running":
            return
        if command == "cancel" and not self.confirm(
            tr("Cancel the work?"), self._what_goes(), tr("Cancel the work")
        ):
            return
        self.model.ask(command)
        self._bridge.call(lambda: driver.send(handle, command), None, self._refused)

    def detach(self) -> None:
        """Stop watching; the work goes on."""
        for task in [*self._tails.values(), *([self._drive] if self._drive else [])]:
            task.cancel()
        self._tails.clear()
        self._drive = None
        if self.run_view is not None:
            self.run_view.listen.release()

    def _what_goes(self) -> str:
        job = self.model.current
        if self.model.stage == "training":
            done = int(job.progress.done) if job.progress else 0
            saved = [
                int(a.info["step"]) for a in job.artifacts if a.kind == "checkpoint" and "step" in a.info
            ]
            last = max(saved, default=0)
            kept = (
                tr("The checkpoint of step {step} is kept.", step=f"{last:,}")
                if last
                else tr("No checkpoint has been saved yet.")
            )
            lost = max(0, done - last)
            what = (
                tr("What it learned since its last checkpoint is lost ({lost}).", lost=words.steps(lost))
                if lost
                else ""
            )
            rest = tr("The dataset is kept. To end early and keep everything, use Stop and save instead.")
            return " ".join(part for part in (tr("The training ends now."), what, kept, rest) if part)
        return tr("This stage ends now and leaves nothing half-made. Stages that are finished are kept.")

    def _go(self, request: Request, again: bool) -> None:
        driver = self._driver
        if driver is None:
            self.told.emit(tr("The program is still starting. Try again in a moment."))
            return
        self.build_run_view()
        self.detach()
        self.model.begin(request)

        def read(stop: Stop, emit: Callable[[Any], None]) -> dict[str, Any]:
            if again:
                driver.history(Path(request.project), emit, ended_only=True)
            return driver.run(request, emit, lambda: stop.requested, again)

        self._show_run()
        self._drive = self._bridge.stream(read, self._take, self._done, self._failed)

    def _take(self, batch: list[Update]) -> None:
        unknown = not self.model.handles
        self.model.apply(batch)
        if unknown and self.model.handles and self.model.request is not None:
            self.project_used.emit(self.model.request.project)
        for stage, handle in self.model.handles.items():
            if handle.id not in self._tails:
                self._tail(stage, handle.id, handle.folder / jobfolder.LOG)

    def _tail(self, stage: str, job: str, path: Path) -> None:
        from rave_gui.viewmodels.logtail import LogTail

        def read(stop: Stop, emit: Callable[[Any], None]) -> None:
            tail = LogTail(path)
            while True:
                last = stop.requested or self._settled(job)
                lines = tail.read()
                if lines:
                    emit(Update(stage, log=tuple(lines)))
                if last:
                    return
                stop.wait(LOG_POLL)

        self._tails[job] = self._bridge.stream(read, self.model.apply)

    def _settled(self, job: str) -> bool:
        """Whether the job's log will not grow any more (reads one attribute: safe in any thread)."""
        if self.model.mode != "running":
            return True
        stage = next((s for s, h in self.model.handles.items() if h.id == job), None)
        return stage is None or not self.model.jobs[stage].active

    def _done(self, result: dict[str, Any]) -> None:
        self._drive = None
        self.model.finish(result)

    def _failed(self, error: Exception) -> None:
        self._drive = None
        if not isinstance(error, (UserError, JobError, OSError)):
            self.model.fail(tr("Something unexpected happened."), tr("Please report it."), repr(error))
            raise error
        if isinstance(error, OSError):
            self.model.fail(str(error))
            return
        if self.model.handles:
            self.model.fail(error.message, _hint(error), error.details)
        else:  # refused before anything was begun: back to where it can be put right
            self.model.back_to_setup()
            self.form.show_refusal(error.message, _hint(error))
        if error.code == "engine-missing":
            self._engine.problem = error.message
            self._engine.ready = False
            self._engine.changed.emit()

    def _refused(self, error: Exception) -> None:
        self.model.ask("")
        if not isinstance(error, (UserError, OSError)):
            raise error
        self.told.emit(error.message if isinstance(error, UserError) else str(error))

    def _found(self, found: Found | None) -> None:
        if found is None or self.model.mode != "setup":
            return
        if found.active:
            self._go(found.request, again=True)
            return
        driver = self._driver
        assert driver is not None
        self.build_run_view()
        self.model.show(found)
        self._show_run()
        self._drive = self._bridge.stream(
            lambda stop, emit: driver.history(Path(found.request.project), emit),
            self._take,
            lambda _none: self._settle(found),
        )

    def _settle(self, found: Found) -> None:
        self._drive = None
        if found.finished:
            self.model.finish(found.result)
        else:
            self.model.settle()

    def _not_found(self, error: Exception) -> None:
        if not isinstance(error, (UserError, OSError)):
            raise error
        self.told.emit(error.message if isinstance(error, UserError) else str(error))

    def _show_run(self) -> None:
        request = self.model.request
        if request is not None:
            self.run_view.planned_switch = self.switch_of(request.preset, request.steps)
        self.run_view.show_all()
        self.stack.setCurrentWidget(self.run_view)
        self.run_view.focus_tab()

    def _changed(self, topics: frozenset[str]) -> None:
        if self.model.mode == "setup" and self.stack.currentWidget() is not self.form:
            self.stack.setCurrentWidget(self.form)
            self.form.files.setFocus(Qt.FocusReason.OtherFocusReason)
        if topics & {"mode", "stages", "progress", "state"}:
            self.state_changed.emit()

    def _engine_changed(self) -> None:
        engine = self._engine
        if engine.known:
            self.form.show_engine(engine)

    def _ask_user(self, title: str, text: str, action: str) -> bool:
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.NoIcon)
        box.setWindowTitle(title)
        box.setText(title)
        box.setInformativeText(text)
        yes = box.addButton(action, QMessageBox.ButtonRole.DestructiveRole)
        yes.setProperty("variant", "danger")
        repolish(yes)
        no = box.addButton(tr("Keep working"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(no)
        box.setEscapeButton(no)
        box.exec()
        return box.clickedButton() is yes


def _hint(error: UserError | JobError) -> str:
    """The hint, unless it only names a command line call where the window has a button."""
    return "" if "rave-gui " in error.hint else error.hint
