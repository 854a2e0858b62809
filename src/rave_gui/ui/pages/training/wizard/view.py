"""A new run in five steps: what to begin with, sounds, model, settings, review."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal

from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.training.wizard.dataset import DatasetStep
from rave_gui.ui.pages.training.wizard.forecast import Forecast
from rave_gui.ui.pages.training.wizard.model import ModelStep
from rave_gui.ui.pages.training.wizard.review import ReviewStep
from rave_gui.ui.pages.training.wizard.settings import SettingsStep
from rave_gui.ui.pages.training.wizard.start import StartStep
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.wizard import WizardFrame
from rave_gui.viewmodels.newrun import NewRunModel
from rave_gui.viewmodels.runs import RunItem


class RunWizard(WizardFrame):
    """``started`` carries the name of a run that was begun."""

    started = Signal(str)

    def __init__(self, session: Session) -> None:
        model = NewRunModel()
        super().__init__(
            session,
            model,
            tr("New run"),
            [tr("Start"), tr("Sounds"), tr("Model"), tr("Settings"), tr("Review")],
            finish=(tr("Start training"), "play"),
            leaving=tr("Back to the runs; what you gave is kept (Esc)"),
        )
        self.model = model
        self._first = ""
        self.forecast = Forecast(session, model)
        self.start = StartStep(session, model)
        self.start.added.connect(self._load)
        self.dataset = DatasetStep(session, model)
        self.model_step = ModelStep(session, model, self.forecast)
        self.settings = SettingsStep(session, model, self.forecast)
        self.review = ReviewStep(session, model, self.forecast)
        self.add_steps([self.start, self.dataset, self.model_step, self.settings, self.review])

    def begin(self, dataset: str = "", like: RunItem | None = None, template: str = "") -> None:
        """Go on where the user was; ``dataset``: learn from this one, ``like``, ``template``: begin with those settings."""
        self.banner.hide()
        self._first = f"run:{like.name}" if like is not None else f"template:{template}" if template else ""
        if dataset:
            self.model.dataset = dataset
        self._load()
        self.show_way()

    def leave(self) -> None:
        """Another view is shown."""
        self.forecast.cancel()
        self.review.leave()

    def _load(self) -> None:
        services, project = self._session.services, self._session.project
        if services is None or project is None:
            return

        def work() -> Any:
            from rave_gui.viewmodels import newrun_facts as facts

            taken = frozenset(record.name.casefold() for record in project.items("run"))
            return (
                facts.datasets(services, project),
                facts.earlier_starts(services, project),
                facts.machine(services, project),
                taken,
            )

        self._session.call(work, self._loaded)

    def _loaded(self, found: Any) -> None:
        datasets, starts, machine, taken = found
        model = self.model
        model.taken = taken
        model.starts = list(starts)
        self.start.show_earlier(starts)
        if self._first:
            self.start.choose(self._first)
            wanted = next((s.dataset for s in starts if s.key == self._first), "")
            model.dataset = wanted or model.dataset
            self._first = ""
        model.set_datasets(datasets)
        model.set_machine(machine)
        self.show_way()

    def choose(self, key: str) -> bool:
        """Begin with a preset, template or run by its key (``preset:tiny``, or ``tiny`` alone); False when there is none."""
        return self.start.choose(key if ":" in key or key == "own" else f"preset:{key}")

    # The way

    def grave(self, step: str) -> bool:
        """See :class:`WizardFrame`."""
        return step in ("model", "settings")

    def entered(self, step: str) -> None:
        """The forecast moves along."""
        if step == "model":
            self.model_step.take_forecast()
        elif step == "settings":
            self.settings.take_forecast()
        elif step == "review":
            self.review.take_forecast()
            self.review.show_all()

    # Starting

    def finish(self) -> None:
        """Begin the run."""
        services, project, model = self._session.services, self._session.project, self.model
        if services is None or project is None or model.blocked:
            return
        item = model.dataset_item
        assert item is not None
        name, start, moment = model.name, model.start, model.start_at
        preset = (
            start.key.removeprefix("preset:")
            if start is not None and start.key.startswith("preset:")
            else None
        )
        self.begin_work()

        def work() -> str:
            from rave_gui.training import actions

            job = actions.start(
                services, project, item.name, model.fields(), name=name or None, start_at=moment
            )
            run = str(job.params["name"])
            if preset is not None:
                project.store.set_info("run", run, {"preset": preset})
            return run

        def done(run: str) -> None:
            self.busy = False
            self.forecast.cancel()
            model.name = ""
            self.review.when.clear()
            model.begin_anew()
            self.started.emit(run)

        self._session.call(work, done, self.refused)
