"""Change when a training that waits in the queue begins."""

from __future__ import annotations

import time

from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.start_time import StartTime
from rave_gui.viewmodels.runs import RunItem


class ScheduleDialog(Dialog):
    """As soon as its turn comes, or not before a time."""

    def __init__(self, session: Session, run: RunItem) -> None:
        super().__init__(
            session,
            tr("When “{name}” begins", name=run.name),
            tr("Its place in the queue stays the same."),
            action=tr("Change it"),
            icon="clock",
            width=680,
        )
        self._run = run
        self._moment = run.not_before if run.not_before is not None and run.not_before > time.time() else None
        self.when = StartTime(session.themes, self._choose)
        if self._moment is not None:
            self.when.set_moment(self._moment)
        self.box.addWidget(self.when)

    def _choose(self, moment: float | None) -> None:
        self._moment = moment

    def submit(self) -> None:
        """Write it into the job, in a thread."""
        services, project = self.session.services, self.session.project
        if services is None or project is None:
            return
        name, moment = self._run.name, self._moment
        if moment is not None and moment <= time.time():
            self.banner.show_message("danger", tr("That time has passed."), tr("Choose a later one."))
            return
        self.busy(True)

        def work() -> object:
            from rave_gui.training import actions

            return actions.schedule(services, project, name, moment)

        def done(_job: object) -> None:
            self.session.tell(
                tr("“{name}” begins as soon as its turn comes.", name=name)
                if moment is None
                else tr(
                    "“{name}” does not begin before {time}.",
                    name=name,
                    time=time.strftime("%Y-%m-%d %H:%M", time.localtime(moment)),
                )
            )
            self.accept()

        self.session.call(work, done, self.refuse)
