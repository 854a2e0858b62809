"""Let a training that is at work go on longer than it was meant to."""

from __future__ import annotations

from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import label
from rave_gui.ui.widgets.fields import NumberField
from rave_gui.viewmodels.runs import RunItem
from rave_gui.viewmodels.schedule import find_config, read_schedule


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
            minimum=1,
            maximum=100_000_000,
            step=max(1000, total // 10),
        )
        self.steps.set_value(max(total * 2, total + 1000))
        self.box.addWidget(self.steps)
        self.phase = label("", "muted", wrap=True)
        self.phase.hide()
        self.box.addWidget(self.phase)
        self._switch: float | None = None
        self.steps.changed.connect(self._tell_phase)
        self.steps.setFocus()
        self.call(self._read_switch, self._know_switch)

    def _read_switch(self) -> float | None:
        """The step at which phase 2 begins; read in a thread."""
        found = find_config(self._run.path)
        return read_schedule(found.read_text("utf-8", "replace")).phase_1 if found is not None else None

    def _know_switch(self, switch: float | None) -> None:
        self._switch = switch
        self._tell_phase()

    def _tell_phase(self) -> None:
        """A training that was planned as phase 1 alone comes into phase 2 when it is made longer: nobody should be surprised."""
        switch, planned = self._switch, self._run.total or 0
        shown = switch is not None and planned <= switch < self.steps.value()
        if shown:
            self.phase.setText(
                tr(
                    "Beyond step {step} it is in phase 2, which was not planned so far: it learns to sound natural, and the distance "
                    "to the original rises for a while.",
                    step=f"{int(switch or 0):,}",
                )
            )
        if shown != self.phase.isVisibleTo(self):
            self.phase.setVisible(shown)
            self.fit_soon()

    def submit(self) -> None:
        """Ask the training, in a thread."""
        services, project = self.session.services, self.session.project
        if services is None or project is None:
            return
        name, steps = self._run.name, int(self.steps.value())
        ends = self._run.total or 0
        if steps <= ends:  # a smaller number is no slip of the box's own to be put right silently
            self.banner.show_message(
                "danger",
                tr("It ends at step {step} already.", step=f"{ends:,}"),
                tr("Give a larger number of steps."),
            )
            return
        self.busy(True)

        def work() -> object:
            from rave_gui.training import actions

            return actions.extend(services, project, name, steps)

        def done(_job: object) -> None:
            self.session.tell(tr("“{name}” goes on to step {step}.", name=name, step=f"{steps:,}"))
            self.accept()

        self.session.call(work, done, self.refuse)
