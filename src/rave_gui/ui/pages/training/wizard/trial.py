"""A trial before the long run: a few real steps of both phases on this computer, and what the whole will come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout

from rave_gui.ui import words
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.training.wizard.parts import fill_rows
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Banner, Button, Card, label
from rave_gui.ui.widgets.job_line import JobLine, error_of
from rave_gui.viewmodels.newrun import NewRunModel
from rave_gui.viewmodels.newrun_advice import trial_of

if TYPE_CHECKING:
    from rave_gui.jobs.view import JobView


class TrialCard(Card):
    """A button, the trial's progress with its cancel button, and the figures that it found."""

    def __init__(self, session: Session, model: NewRunModel) -> None:
        super().__init__(session.themes)
        self._session, self._model = session, model
        self.line: JobLine | None = None
        space = session.themes.theme.space
        head = QHBoxLayout()
        head.setSpacing(space("m"))
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(label(tr("How long will it take?"), "lead", wrap=True))
        self.about = label("", "muted", wrap=True)
        texts.addWidget(self.about)
        head.addLayout(texts, 1)
        self.button = Button(
            session.themes,
            tr("Try it"),
            "timer",
            tip=tr("Takes a few real steps of both phases on this computer; nothing is kept"),
        )
        self.button.clicked.connect(self.start)
        head.addWidget(self.button)
        self.box.addLayout(head)
        self.banner = Banner(session.themes)
        self.banner.hide()
        self.box.addWidget(self.banner)
        self._place = QVBoxLayout()
        self.box.addLayout(self._place)
        self.grid = QGridLayout()
        self.grid.setHorizontalSpacing(space("l"))
        self.grid.setVerticalSpacing(space("s"))
        self.grid.setColumnStretch(1, 1)
        self.box.addLayout(self.grid)
        model.changed.connect(self._changed)
        self._show()

    def start(self) -> None:
        """Begin a trial of the present values."""
        services, project, model = self._session.services, self._session.project, self._model
        item, question = model.dataset_item, model.timed
        if services is None or project is None or item is None or question is None or model.trying:
            return
        fields, dataset = model.fields(), item.name
        self.banner.hide()
        model.set_trying(True)

        def work() -> JobView:
            from rave_gui.training import actions

            return actions.trial(services, fields, project=project, dataset=dataset)

        def done(view: JobView) -> None:
            line = JobLine(self._session, view)
            line.ended.connect(lambda last: self._ended(last, question))
            self.line = line
            self._place.addWidget(line)

        def failed(error: Exception) -> None:
            model.set_trying(False)
            self._session.fail(error)

        self._session.call(work, done, failed)

    def leave(self) -> None:
        """Nobody looks any more: a trial under way is ended."""
        line, services = self.line, self._session.services
        if line is not None and services is not None:
            view = line.view
            self._drop()
            self._model.set_trying(False)
            self._session.call(lambda: services.jobs.cancel(view.id, view.project), None, lambda _error: None)

    def _drop(self) -> None:
        line = self.line
        if line is not None:
            self.line = None
            line.leave()
            self._place.removeWidget(line)
            line.hide()
            line.deleteLater()

    def _ended(self, view: JobView, question: dict[str, object]) -> None:
        self._drop()
        if view.state == "succeeded" and view.result:
            self._model.set_trial(trial_of(view.result, question))
            return
        self._model.set_trying(False)
        error = error_of(view)
        if error is not None:
            self.banner.show_message("danger", error.message, error.hint)

    def _changed(self, what: str) -> None:
        if what in ("trial", "values", "dataset", "start", "step", "facts"):
            self._show()

    def _show(self) -> None:
        model, trial = self._model, self._model.trial
        holds = model.trial_holds
        self.button.setEnabled(
            not model.trying and model.timed is not None and model.dataset_item is not None
        )
        self.button.setText(tr("Try again") if trial is not None else tr("Try it"))
        if trial is None or not holds:
            self.about.setText(
                tr("The settings have changed since the trial; try again to know.")
                if trial is not None
                else tr("A trial takes a few real steps of both phases, and says what the whole will take.")
            )
            fill_rows(self.grid, [])
            return
        first, second = trial.seconds(model.steps_of_phases)
        self.about.setText(
            tr(
                "About {time} on {device}, and a little for validation and checkpoints.",
                time=words.duration(first + second),
                device=tr("the processor") if trial.device.startswith("cpu") else trial.device,
            )
        )
        rows = [(tr("Phase 1"), _phase(trial.phase_1, first, trial.peak_1))]
        if second:
            rows.append((tr("Phase 2"), _phase(trial.phase_2, second, trial.peak_2)))
        disk = model.disk_bytes
        if disk:
            rows.append(
                (
                    tr("Disk"),
                    tr(
                        "up to {size} of checkpoints, {each} each",
                        size=words.size(disk),
                        each=words.size(trial.checkpoint),
                    ),
                )
            )
        fill_rows(self.grid, rows)


def _phase(each: float, whole: float, peak: int) -> str:
    rate = 1 / each if each > 0 else 0.0
    text = tr(
        "{time} at {rate} steps/s",
        time=words.duration(whole),
        rate=f"{rate:.1f}" if rate >= 1 else f"{rate:.2g}",
    )
    return tr("{text}, {size} of memory", text=text, size=words.size(peak)) if peak else text
