"""Train a run further: until which step, and from which checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal

from rave_gui.ui import words
from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.fields import ChoiceField, NumberField
from rave_gui.viewmodels.run import Files
from rave_gui.viewmodels.runs import RunItem


class GoOnDialog(Dialog):
    """``started`` carries the run's name."""

    started = Signal(str)

    def __init__(self, session: Session, run: RunItem) -> None:
        super().__init__(
            session,
            tr("Go on with “{name}”", name=run.name),
            tr("Trains further where it ended. Files of the run so far are not touched."),
            action=tr("Go on"),
            icon="play",
            width=500,
        )
        self._run = run
        reached, total = run.step or 0, run.total or 0
        self.steps = NumberField(
            session.themes,
            tr("Steps in all"),
            tr("It has {step} steps now.", step=f"{reached:,}") if reached else "",
            minimum=reached + 1,
            maximum=100_000_000,
            step=1000,
        )
        self.steps.set_value(total if total > reached else _further(reached))
        self.checkpoint = ChoiceField(
            session.themes,
            tr("From"),
            [("", tr("Newest checkpoint"))],
            tr(
                "An earlier one makes a fork: what came after it stays on disk, and the curves begin again from there."
            ),
        )
        self.box.addWidget(self.steps)
        self.box.addWidget(self.checkpoint)
        self.steps.setFocus()
        from rave_gui.viewmodels.runwatch import read_files

        path = run.path
        session.call(lambda: read_files(path), self._found)

    def _found(self, files: Files) -> None:
        options: list[tuple[Any, str]] = [("", tr("Newest checkpoint"))]
        for found in sorted(files.checkpoints, key=lambda c: c.step or 0, reverse=True):
            name = words.steps(found.step) if found.step is not None else found.path.name
            if found.best:
                name = tr("Best on held-out sound")
            options.append((str(found.path), name))
        self.checkpoint.set_options(options)

    def submit(self) -> None:
        """Submit the job, in a thread."""
        from rave_gui.training import actions

        services, project = self.session.services, self.session.project
        if services is None or project is None:
            return
        name, steps = self._run.name, int(self.steps.value())
        checkpoint = self.checkpoint.value() or None
        self.busy(True)

        def done(_job: object) -> None:
            self.started.emit(name)
            self.accept()

        self.session.call(
            lambda: actions.resume(
                services, project, name, steps=steps, checkpoint=str(Path(checkpoint)) if checkpoint else None
            ),
            done,
            self.refuse,
        )


def _further(reached: int) -> int:
    """A sensible goal for a run that has reached its own."""
    return max(reached + 1000, reached * 2)
