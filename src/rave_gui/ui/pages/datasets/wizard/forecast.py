"""What a dataset would become, kept up to date while the parameters change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from rave_gui.errors import UserError
from rave_gui.ui import words
from rave_gui.ui.bridge import Stop, Task
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.datasets.wizard.review import Cancel
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, Card, IconLabel, Stat, label
from rave_gui.viewmodels import datasets as text
from rave_gui.viewmodels.datasets_wizard import WizardModel

SETTLE_MS = 250


LOOKS = {
    "error": ("circle-alert", "danger"),
    "warning": ("triangle-alert", "warning"),
    "info": ("info", "muted"),
}


class Remark(QWidget):
    """One thing to know: an icon, a sentence, a quieter one."""

    def __init__(self, session: Session, severity: str, message: str, hint: str = "") -> None:
        super().__init__()
        space = session.themes.theme.space
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(space("s"))
        grid.setVerticalSpacing(2)
        icon, color = LOOKS[severity]
        grid.addWidget(IconLabel(session.themes, icon, color, 18), 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(label(message, "body", wrap=True), 0, 1)
        if hint:
            grid.addWidget(label(hint, "caption", wrap=True), 1, 1)
        grid.setColumnStretch(1, 1)
        self.setAccessibleName(message)
        self.setAccessibleDescription(hint)


class ForecastCard(Card):
    """Figures and remarks of ``datasets.actions.preflight`` for the values as they stand."""

    def __init__(self, session: Session, model: WizardModel) -> None:
        super().__init__(session.themes)
        self._session, self._model = session, model
        self._task: Task | None = None
        self._listening = False
        self._heard = 0.0
        self._asked = self._exact_for = ("", 0)
        """What was asked last, and what the present forecast was made for when it is exact: parameters and scan."""
        self.scan: Any = None
        """The finished scan, so that the headers are not read again."""
        space = session.themes.theme.space
        self.box.addWidget(label(tr("What you will get"), "lead"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(space("l"))
        grid.setVerticalSpacing(space("m"))
        self.stats: dict[str, Stat] = {}
        for i, (key, caption) in enumerate(
            (
                ("usable", tr("Usable sound")),
                ("lost", tr("Lost")),
                ("chunks", tr("Chunks")),
                ("files", tr("Files")),
                ("disk", tr("Disk needed")),
                ("free", tr("Disk free")),
            )
        ):
            self.stats[key] = Stat(caption)
            grid.addWidget(self.stats[key], i // 2, i % 2)
        self.box.addLayout(grid)
        self.state = label("", "caption", wrap=True)
        self.box.addWidget(self.state)
        self.listen = Button(
            session.themes,
            "",
            "headphones",
            tip=tr(
                "Read every recording to its end, so that these figures are those of the dataset then made"
            ),
        )
        self.listen.clicked.connect(self._listen)
        self.box.addWidget(self.listen, 0, Qt.AlignmentFlag.AlignLeft)
        self.listen.hide()
        inner = QWidget()
        body = QVBoxLayout(inner)
        body.setContentsMargins(0, 0, space("xs"), 0)
        self.remarks = QVBoxLayout()
        self.remarks.setSpacing(space("m"))
        body.addLayout(self.remarks)
        body.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        self.box.addWidget(area, 1)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._ask)
        model.changed.connect(self._changed)

    def ask(self) -> None:
        """Work it out anew."""
        self._settle.start()

    def cancel(self) -> None:
        """Stop working it out."""
        self._settle.stop()
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._listening = False

    def _changed(self, topic: str) -> None:
        if topic in ("values", "place") and self._model.step in ("parameters", "name"):
            self.ask()
        elif topic == "forecast":
            self._show()

    def _listen(self) -> None:
        """Work it out to the last sample; pressed again: stop."""
        if self._listening:
            self.cancel()
            self.ask()
        else:
            self._ask(listen=True)

    def _ask(self, *, listen: bool = False) -> None:
        services, project, model = self._session.services, self._session.project, self._model
        if services is None or project is None or model.problems:
            return
        output = model.output(project.datasets)
        params = model.params(output)
        scan = self.scan
        # Of the place only the disk counts here: the name is looked at while it is typed.
        what = (repr(replace(params, output=str(output.parent))), id(scan))
        if not listen and (
            (self._listening and what == self._asked)
            or (what == self._exact_for and model.forecast is not None)
        ):
            return  # it cannot become any better, and may have taken a while
        if self._task is not None:
            self._task.cancel()
        self._asked = what
        model.forecasting, self._listening = True, listen
        self._heard = 0.0
        self._say_state()

        def read(stop: Stop, emit: Any) -> Any:
            from rave_gui.datasets import actions

            last = 0.0

            def on_progress(done: float, total: float) -> None:
                nonlocal last
                share = done / total if total else 0.0
                if share - last >= 0.01:
                    last = share
                    emit(share)

            return actions.preflight(
                services, params, scan=scan, cancel=Cancel(stop), on_progress=on_progress, listen=listen
            )

        def heard(shares: list[Any]) -> None:
            self._heard = shares[-1]
            self._say_state()

        def failed(error: Exception) -> None:
            self._task, self._listening = None, False
            if not isinstance(error, UserError):
                raise error
            model.set_forecast(None, error)

        def done(found: Any) -> None:
            self._task, self._listening = None, False
            self._exact_for = what if found.exact else ("", 0)
            model.set_forecast(found)

        self._task = self._session.stream(read, heard, done, failed)

    def _say_state(self) -> None:
        found = self._model.forecast
        inexact = found is not None and not found.exact
        self.listen.setVisible(self._listening or inexact)
        self.listen.set_face(
            *((tr("Stop listening"), "square") if self._listening else (tr("Listen through"), "headphones"))
        )
        if self._listening:
            self.state.setText(tr("Listening to the recordings: {share}", share=f"{self._heard:.0%}"))
        elif self._model.forecasting and found is None:
            self.state.setText(tr("Working it out…"))
        elif found is not None and not found.exact:
            self.state.setText(
                tr("About so much: some headers only estimate their length, or silence has yet to be found.")
            )
        else:
            self.state.setText("")
        self.state.setVisible(bool(self.state.text()))

    def _show(self) -> None:
        found, error = self._model.forecast, self._model.forecast_error
        self._say_state()
        while self.remarks.count():
            item = self.remarks.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        if error is not None:
            for stat in self.stats.values():
                stat.set("")
            self.remarks.addWidget(Remark(self._session, "error", error.message, error.hint))
            return
        if found is None:
            return
        about = "" if found.exact else "≈ "
        lost = text.length_text(found.seconds_lost) if found.seconds_lost >= 0.05 else tr("nothing")
        for key, value in (
            ("usable", about + text.length_text(found.seconds_usable)),
            ("lost", lost),
            ("chunks", f"{about}{found.chunks:,}"),
            ("files", f"{found.files:,}"),
            ("disk", about + words.size(found.disk_needed)),
            ("free", words.size(found.disk_free)),
        ):
            self.stats[key].set(value)
        lazy = bool(self._model.values["lazy"])
        self.stats["chunks"].set(
            f"{about}{found.chunks:,}", tr("Training examples") if lazy else tr("Chunks")
        )
        for remark in found.remarks:
            self.remarks.addWidget(Remark(self._session, remark.severity, remark.message, remark.hint))
