"""Let a training that is at work go on longer than it was meant to."""

from __future__ import annotations

from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.fields import NumberField
from rave_gui.viewmodels.runs import RunItem


class ExtendDialog(Dialog):
    """The new number of steps; the training answers."""

    def __init__(self, session: Session, run: RunItem) -> None:
        super().__init__(
            session,
            tr("Make “{name}” longer", name=run.name),
            tr("The training goes on without a break."),
            action=tr("Make it longer"),
            icon="chevrons-right",
            width=460,
        )
        self._run = run
        total = run.total or run.step or 0
        self.steps = NumberField(
            session.themes,
            tr("Steps in all"),
            tr("It ends at step {step} now.", step=f"{total:,}") if total else "",
            minimum=total + 1,
            maximum=100_000_000,
            step=max(1000, total // 10),
        )
        self.steps.set_value(max(total * 2, total + 1000))
        self.box.addWidget(self.steps)
        self.steps.setFocus()

    def submit(self) -> None:
        """Ask the training, in a thread."""
        services, project = self.session.services, self.session.project
        if services is None or project is None:
            return
        name, steps = self._run.name, int(self.steps.value())
        self.busy(True)

        def work() -> object:
            from rave_gui.training import actions

            return actions.extend(services, project, name, steps)

        def done(_job: object) -> None:
            self.session.tell(tr("“{name}” goes on to step {step}.", name=name, step=f"{steps:,}"))
            self.accept()

        self.session.call(work, done, self.refuse)
