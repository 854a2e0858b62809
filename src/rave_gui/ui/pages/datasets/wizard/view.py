"""A new dataset in four steps: recordings, review, parameters, name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal

from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.datasets.wizard.finish import NameStep
from rave_gui.ui.pages.datasets.wizard.parameters import ParametersStep
from rave_gui.ui.pages.datasets.wizard.review import ReviewStep
from rave_gui.ui.pages.datasets.wizard.sources import SourcesStep
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.wizard import WizardFrame
from rave_gui.viewmodels.datasets_place import check_place
from rave_gui.viewmodels.datasets_wizard import WizardModel


class WizardView(WizardFrame):
    """``made``: name and job of a dataset begun."""

    made = Signal(str, object)

    def __init__(self, session: Session) -> None:
        model = WizardModel()
        super().__init__(
            session,
            model,
            tr("New dataset"),
            [tr("Recordings"), tr("Review"), tr("Parameters"), tr("Name")],
            finish=(tr("Make dataset"), "check"),
            leaving=tr("Back to the datasets; what you gave is kept (Esc)"),
        )
        self.model = model
        self.sources = SourcesStep(session, model)
        self.review = ReviewStep(session, model)
        self.parameters = ParametersStep(session, model)
        self.name = NameStep(session, model)
        self.review.scanned.connect(self._scanned)
        self.add_steps([self.sources, self.review, self.parameters, self.name])

    def begin(self, sources: Sequence[Path], taken: Sequence[str]) -> None:
        """Go on where the user was, with these recordings added; ``taken`` are names of datasets there are."""
        self.model.taken = frozenset(name.casefold() for name in taken)
        self.banner.hide()
        if sources:
            self.model.add_sources(sources)
            self.model.go("sources")
        self.show_way()
        self.take_focus()

    def reset(self) -> None:
        """Forget everything that was given."""
        self.review.cancel()
        self.parameters.forecast.cancel()
        model = self.model
        model.remove_sources(model.sources)
        model.files.clear(wholly=True)
        model.scanned = None
        from rave_gui.datasets.parameters import defaults

        model.set_values(defaults())
        model.set_forecast(None)
        model.name, model.named = "", False
        model.set_place(False, "")
        model.begin_anew()

    def release(self) -> None:
        """Another view is shown: no sound any more."""
        self.review.player.release()

    def close_down(self) -> None:
        """The window closes, or another project was opened."""
        self.review.cancel()
        self.parameters.forecast.cancel()

    # The way

    def grave(self, step: str) -> bool:
        """Until something was chosen nothing is wrong yet."""
        model = self.model
        if step == "sources":
            return bool(model.missing)
        return step in ("parameters", "name") and model.reached == step and bool(model.name)

    def entered(self, step: str) -> None:
        """Begin what the step needs."""
        self.review.player.release()
        if step == "sources":
            self.sources.look()
        elif step == "review":
            self.review.scan()
        elif step == "parameters":
            self.parameters.take_forecast()
            self.parameters.forecast.ask()
        elif step == "name":
            self.name.take_forecast(self.parameters.forecast)
            self.parameters.forecast.ask()
            self.name.show_all()

    def _scanned(self, found: Any) -> None:
        self.parameters.forecast.scan = found

    # Making

    def finish(self) -> None:
        """Begin the job that makes it."""
        services, project, model = self._session.services, self._session.project, self.model
        if services is None or project is None or model.blocked:
            return
        name, elsewhere, sources = model.name, model.elsewhere, list(model.sources)
        output = model.output(project.datasets)
        params = model.params(output)
        self.begin_work()

        def work() -> Any:
            from rave_gui.datasets import actions

            if elsewhere:
                check_place(output, sources, project.path)
            view = actions.create(services, params, project=project.path)
            project.store.register("dataset", name, output, job=view.id)
            return view

        def done(view: Any) -> None:
            self.busy = False
            self.reset()
            self.made.emit(name, view)

        self._session.call(work, done, self.refused)
