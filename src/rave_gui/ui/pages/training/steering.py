"""What can be asked of trainings at work: pause, go on, save, listen, phase 2, longer, stop, cancel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rave_gui.errors import UserError
from rave_gui.ui import words
from rave_gui.ui.i18n import tr, trn
from rave_gui.viewmodels import runs
from rave_gui.viewmodels.runs import RunItem

if TYPE_CHECKING:
    from rave_gui.ui.pages.training.page import TrainingPage

MANY = ("pause", "resume", "stop", "save", "cancel")
"""Commands that several selected runs take at once."""
PATIENCE = 600.0
"""Seconds to wait for a training's answer: it answers between two steps."""


class Steering:
    """Sends commands to the training that is watched, or to those that are selected in the list."""

    def __init__(self, page: TrainingPage) -> None:
        self._page, self._session = page, page.session

    def targets(self, command: str) -> list[RunItem]:
        """Runs that would take a command now."""
        page = self._page
        view = page.shown_run
        if view is not None:
            row = page.run
            fits = row is not None and view.model is not None and view.model.can(command)
            return [row] if fits and row is not None else []
        chosen = page.selected
        if len(chosen) > 1 and command not in MANY:
            return []
        return [row for row in chosen if runs.can(row, command)]

    def send(self, command: str) -> None:
        """Send a command to every run that takes it."""
        for row in self.targets(command):
            self._send(row, command)

    def _send(self, row: RunItem, command: str) -> None:
        services, project = self._session.services, self._session.project
        if services is None or project is None or not row.job:
            return
        jobs, job, name = services.jobs, row.job, row.name
        view = self._page.shown_run
        model = view.model if view is not None and view.model.name == name else None
        asked: Any = command

        def work() -> str:
            if command in ("pause", "resume", "stop", "cancel"):
                getattr(jobs, command)(job, project.path)
                return ""
            from rave_gui.training import actions

            answer = actions.command(services, project, name, asked, timeout=PATIENCE)
            if not answer["done"]:
                raise UserError(
                    answer["message"] or tr("The training “{name}” could not do it.", name=name),
                    tr("Its log says more."),
                    code="refused",
                )
            return str(answer["message"] or "")

        def done(_message: str) -> None:
            said = {
                "save": tr("“{name}”: a checkpoint was saved.", name=name),
                "preview": tr("“{name}”: a new sound can be heard.", name=name),
                "phase2": tr("“{name}” is in phase 2 now.", name=name),
            }.get(command)
            if said:
                if model is not None and model.asked == command:
                    model.ask("")
                self._session.tell(said)

        def failed(error: Exception) -> None:
            if model is not None:
                model.ask("")
            self._session.fail(error)

        if model is not None:
            model.ask(command)
        self._session.call(work, done, failed)

    def extend(self) -> None:
        """Make it longer: asks for the new number of steps."""
        from rave_gui.ui.dialogs.run_extend import ExtendDialog

        found = self.targets("extend")
        if found:
            ExtendDialog(self._session, found[0]).show_it()

    def schedule(self) -> None:
        """Change when one that waits begins."""
        from rave_gui.ui.dialogs.run_schedule import ScheduleDialog

        found = self.targets("schedule")
        if found:
            ScheduleDialog(self._session, found[0]).show_it()

    def phase2(self) -> None:
        """Ask first: it cannot be taken back."""
        if self._session.ask(
            tr("Start phase 2 now?"),
            tr(
                "Phase 1 ends here: the encoder and its latents stay as they are from now on, and the model learns to sound natural. "
                "This cannot be undone, but the checkpoint before it is kept."
            ),
            tr("Start phase 2"),
            False,
        ):
            self.send("phase2")

    def cancel(self) -> None:
        """Ask first and say what goes."""
        found = self.targets("cancel")
        if not found:
            return
        title = (
            tr("Cancel the training?")
            if len(found) == 1
            else trn("Cancel {n} training?", "Cancel {n} trainings?", len(found))
        )
        if not self._session.settings.flag("confirm_cancel") or self._session.ask(
            title, self._losses(found), tr("Cancel the training"), True
        ):
            self.send("cancel")

    def _losses(self, found: Sequence[RunItem]) -> str:
        text = [tr("The training ends now.") if len(found) == 1 else tr("They end now.")]
        view, row = self._page.shown_run, found[0]
        saved = None
        if view is not None and view.model is not None:
            steps = [c.step for c in view.model.files.checkpoints if c.step is not None]
            saved = max(steps, default=None)
        if saved is not None and row.step is not None:
            text.append(tr("The checkpoint of step {step} is kept.", step=f"{saved:,}"))
            if row.step > saved:
                text.append(tr("What it learned since is lost ({lost}).", lost=words.steps(row.step - saved)))
        else:
            text.append(tr("What was learned since the last checkpoint is lost."))
        text.append(tr("To end early and keep everything, use Stop and save instead."))
        return " ".join(text)
