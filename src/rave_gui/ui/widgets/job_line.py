"""Jobs that were started from a page, followed where they were started: a line each, gone when the job has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from rave_gui.errors import JobError, UserError
from rave_gui.ui import words
from rave_gui.ui.i18n import tr
from rave_gui.ui.widgets.basic import Card, ElidedLabel, IconButton, IconLabel, label
from rave_gui.viewmodels.job import JobModel

if TYPE_CHECKING:
    from rave_gui.jobs.view import JobView
    from rave_gui.ui.bridge import Stop, Task
    from rave_gui.ui.shell.session import Session

SIGNS = {"queued": ("clock", "muted"), "paused": ("pause", "warning")}
"""Icon and colour of a job that does not work now."""


class JobLine(Card):
    """One job: what it does, how far it is, a button to cancel. ``ended`` carries the last :class:`JobView`."""

    ended = Signal(object)

    def __init__(self, session: Session, view: JobView, *, follow: bool = True) -> None:
        """``follow`` False: only what :attr:`model` is told (the gallery)."""
        super().__init__(session.themes)
        self._session = session
        self.view = view
        self.model = JobModel()
        self._task: Task | None = None
        theme = session.themes.theme
        row = QHBoxLayout()
        row.setSpacing(theme.space("m"))
        words_box = QVBoxLayout()
        words_box.setSpacing(theme.space("xs"))
        top = QHBoxLayout()
        top.setSpacing(theme.space("s"))
        top.addWidget(ElidedLabel(view.title, "strong"), 1)
        self.state = label("", "muted")
        top.addWidget(self.state)
        words_box.addLayout(top)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Progress: {title}", title=view.title))
        words_box.addWidget(self.bar)
        self.sign = IconLabel(session.themes, "clock", "muted", 18)
        row.addWidget(self.sign)
        row.addLayout(words_box, 1)
        self.cancel = IconButton(session.themes, "x", tr("Cancel: {title}", title=view.title))
        self.cancel.clicked.connect(self._cancel)
        row.addWidget(self.cancel)
        self.box.addLayout(row)
        self.model.changed.connect(self._refresh)
        self._refresh(frozenset())
        if follow:
            self._follow()

    def leave(self) -> None:
        """Stop following; the job goes on."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _follow(self) -> None:
        services, view = self._session.services, self.view
        if services is None:
            return
        from rave_gui.jobs.watch import Watch

        def read(stop: Stop, emit: Callable[[Any], None]) -> JobView:
            return Watch(services.jobs, view.id, view.project).wait(emit, lambda: stop.requested)

        def done(last: JobView) -> None:
            self._task = None
            self.view = last
            self.ended.emit(last)

        self._task = self._session.stream(read, self._apply, done)

    def _apply(self, batch: list[Any]) -> None:
        self.model.apply(batch)

    def _cancel(self) -> None:
        services, view = self._session.services, self.view
        if services is None:
            return
        self.cancel.setEnabled(False)
        self.state.setText(tr("Is being cancelled…"))
        self._session.call(lambda: services.jobs.cancel(view.id, view.project))

    def _refresh(self, _topics: frozenset[str]) -> None:
        m = self.model
        if not self.cancel.isEnabled():
            return
        share = m.fraction
        self.sign.set_icon(*SIGNS.get(m.state, ("loader-circle", "accent")))
        if share is None:
            moves = m.active and m.state != "queued" and not self._session.settings.flag("reduce_motion")
            self.bar.setRange(0, 0 if moves else 1)
        else:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(share * 1000))
        parts = [words.job_state(m.state)]
        if share is not None:
            parts = [f"{share:.0%}"] if m.state == "running" else [*parts, f"{share:.0%}"]
            if m.state == "running" and m.eta is not None and m.eta > 1:
                parts.append(tr("{time} left", time=words.duration(m.eta)))
        elif m.started is not None:
            parts.append(words.duration(m.elapsed(time.time())))
        self.state.setText("  ·  ".join(parts))


class JobStrip(QWidget):
    """Lines of the jobs a page has started (or found under way). ``ended``: the last view of each, good or bad."""

    ended = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.lines: dict[str, JobLine] = {}
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(session.themes.theme.space("s"))
        self.hide()

    def follow(self, view: JobView) -> None:
        """Show a job until it ends; one that is shown already stays as it is."""
        if view.id in self.lines:
            return
        line = JobLine(self._session, view)
        line.ended.connect(self._ended)
        self.lines[view.id] = line
        self._box.addWidget(line)
        self.show()

    def sync(self, views: Iterable[JobView]) -> None:
        """Show those of ``views`` that are under way."""
        for view in views:
            if not view.final:
                self.follow(view)

    def clear(self) -> None:
        """Stop following all of them; the jobs go on."""
        for job in list(self.lines):
            self._drop(job)

    def _ended(self, view: JobView) -> None:
        self._drop(view.id)
        self.ended.emit(view)

    def _drop(self, job: str) -> None:
        line = self.lines.pop(job)
        line.leave()
        self._box.removeWidget(line)
        line.hide()
        line.deleteLater()
        self.setVisible(bool(self.lines))


def error_of(view: JobView) -> UserError | JobError | None:
    """Why a job that has ended has no result; None for success, and for a job that the user cancelled."""
    if view.state in ("succeeded", "cancelled"):
        return None
    error = view.error or {}
    return JobError(
        str(error.get("code", view.state)),
        str(
            error.get("message") or view.reason or tr("“{title}” did not come to its end.", title=view.title)
        ),
        str(error.get("hint", "")),
        str(error.get("details", "")),
        user=bool(error.get("user", True)),
        job=view.id,
    )
