"""Looks at this computer and says for each thing whether it is well, and what to do when it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.widgets.basic import Button, IconLabel, label

if TYPE_CHECKING:
    from rave_gui.runtime.doctor import Check
    from rave_gui.ui.shell.session import Session

_LOOKS = {
    "ok": ("circle-check", "success"),
    "warn": ("triangle-alert", "warning"),
    "fail": ("circle-alert", "danger"),
}


class CheckRow(QWidget):
    """One finding."""

    def __init__(self, session: Session, check: Check) -> None:
        super().__init__()
        theme = session.themes.theme
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space("m"))
        icon, tone = _LOOKS[check.state]
        row.addWidget(IconLabel(session.themes, icon, tone, 18), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(label(check.message, "body", wrap=True, selectable=True))
        if check.hint:
            words.addWidget(label(check.hint, "muted", wrap=True, selectable=True))
        row.addLayout(words, 1)
        said = {"ok": tr("well"), "warn": tr("cannot be used"), "fail": tr("fault")}[check.state]
        self.setAccessibleName(f"{said}: {check.message} {check.hint}".strip())


class DoctorDialog(Dialog):
    """Rows appear as they are found; the engine's own look takes seconds."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            session,
            tr("Check this computer"),
            tr("What RAVE GUI needs, looked at one by one. Nothing is changed."),
            width=620,
        )
        theme = session.themes.theme
        self.found: list[Check] = []
        self.rows = QVBoxLayout()
        self.rows.setSpacing(theme.space("m"))
        self.box.addLayout(self.rows)
        self.state = label("", "muted")
        self.box.addWidget(self.state)
        self.box.addStretch(1)
        self.area.setMinimumHeight(theme.px(340))
        self.copy = Button(session.themes, tr("Copy"), "copy")
        self.copy.clicked.connect(self._copy)
        self.again = Button(session.themes, tr("Check again"), "refresh-cw")
        self.again.clicked.connect(self.check)
        self.foot.insertWidget(0, self.copy)
        self.foot.insertWidget(1, self.again)
        self.install: Button | None = None
        if session.engine.known and not session.engine.ready:
            self.install = Button(session.themes, tr("Set up the engine"), "download", "primary")
            self.install.clicked.connect(self._install)
            self.foot.addWidget(self.install)
        self._task: Any = None
        self.finished.connect(lambda _result: self._task and self._task.cancel())
        self.check()

    def check(self) -> None:
        """Look at everything, from the beginning."""
        while self.rows.count():
            item = self.rows.takeAt(0)
            row = item.widget() if item is not None else None
            if row is not None:
                row.deleteLater()
        self.found = []
        self.again.setEnabled(False)
        self.state.setText(tr("Looking…"))
        paths = self.session.paths

        def read(stop: Any, emit: Any) -> int:
            from rave_gui.runtime.doctor import run_checks

            def found(check: Check) -> None:
                emit(check)

            return len(run_checks(paths, on_check=found))

        def show(batch: list[Check]) -> None:
            for check in batch:
                self.found.append(check)
                self.rows.addWidget(CheckRow(self.session, check))

        self._task = self.session.stream(read, show, self._done)

    def _done(self, _count: int) -> None:
        self._task = None
        self.again.setEnabled(True)
        bad = sum(check.state == "fail" for check in self.found)
        warned = sum(check.state == "warn" for check in self.found)
        if bad:
            text = trn(
                "{n} thing keeps RAVE GUI from working.", "{n} things keep RAVE GUI from working.", bad
            )
        elif warned:
            text = trn(
                "Everything needed is there; {n} thing cannot be used.",
                "Everything needed is there; {n} things cannot be used.",
                warned,
            )
        else:
            text = tr("Everything is well.")
        self.state.setText(text)
        self.state.setAccessibleName(text)

    def _copy(self) -> None:
        lines = [f"{c.state}: {c.name}: {c.message} {c.hint} {c.details}".rstrip() for c in self.found]
        QGuiApplication.clipboard().setText("\n".join(lines))
        self.session.tell(tr("The findings are on the clipboard."))

    def _install(self) -> None:
        self.accept()
        self.session.actions.trigger("engine.install")
