"""What a configuration comes to: model, memory, time, warnings; kept up to date by the engine while the values change."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRectF, QSize, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from rave_gui.errors import UserError
from rave_gui.ui.bridge import Task
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.training.wizard.advice import AdviceView
from rave_gui.ui.pages.training.wizard.parts import FindingRow, clear, column
from rave_gui.ui.shell.session import Session
from rave_gui.ui.theme import fonts
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Card, Stat, label
from rave_gui.ui.widgets.flow import FlowGrid
from rave_gui.viewmodels.newrun import NewRunModel

SETTLE_MS = 500
NEAR_FULL = 0.9


def gib(count: float) -> str:
    """Memory, in the units that graphics cards are sold with."""
    if count < 2**30:
        return tr("{n} MiB", n=f"{count / 2**20:.0f}")
    return tr("{n} GiB", n=f"{count / 2**30:.1f}")


class MemoryBar(QWidget):
    """How much of a device's memory something takes, with the mark above which it gets close."""

    def __init__(self, themes: ThemeManager, name: str) -> None:
        super().__init__()
        self._themes, self._name = themes, name
        self._need = self._have = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        themes.changed.connect(self.updateGeometry)

    def set(self, need: int, have: int) -> None:
        """Bytes needed and there; 0 for what is not known."""
        self._need, self._have = need, have
        text = gib(need) if need else "–"
        self.setAccessibleName(f"{self._name}: {text}")
        self.setToolTip(tr("{need} of {have}", need=text, have=gib(have)) if have else text)
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        theme = self._themes.theme
        return QSize(160, theme.text("caption") + 6 + theme.px(8) + 2)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        theme, c = self._themes.theme, self._themes.theme.colors
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = theme.text("caption") + 6
        painter.setFont(fonts.text_font(theme, "caption", tabular=True))
        painter.setPen(QColor(c.muted))
        painter.drawText(QRectF(0, 0, self.width(), line), 0, self._name)
        share = self._need / self._have if self._have else 0.0
        color = c.danger if share > 1 else c.warning if share > NEAR_FULL else c.text
        if self._need:
            painter.setPen(QColor(color))
            painter.drawText(QRectF(0, 0, self.width(), line), 2, gib(self._need))
        high = theme.px(8)
        track = QRectF(0, line, self.width(), high)
        painter.setPen(QPen(QColor(c.border), 1))
        painter.setBrush(QColor(c.sunken))
        painter.drawRoundedRect(track.adjusted(0.5, 0.5, -0.5, -0.5), high / 2, high / 2)
        if share:
            painter.setPen(QPen(QColor(c.surface), 0))
            painter.setBrush(QColor(c.danger if share > 1 else c.warning if share > NEAR_FULL else c.accent))
            width = max(high, self.width() * min(1.0, share))
            painter.drawRoundedRect(QRectF(0, line, width, high), high / 2, high / 2)
        painter.end()


class Forecast(Card):
    """Figures, memory bars and findings of a :class:`NewRunModel`."""

    def __init__(self, session: Session, model: NewRunModel) -> None:
        super().__init__(session.themes)
        self._session, self._model = session, model
        self._task: Task | None = None
        self._asked: dict[str, Any] | None = None
        themes = session.themes
        space = themes.theme.space
        self.box.addWidget(label(tr("What it comes to"), "lead"))
        # Everything scrolls together: with large text in a small window the figures alone would not fit.
        area, self.findings = column(themes)
        self.findings.setSpacing(space("m"))
        self.stats: dict[str, Stat] = {
            "parameters": Stat(tr("Parameters")),
            "latent": Stat(tr("Latents")),
            "rate": Stat(tr("Sample rate")),
            "frame": Stat(tr("Latent step")),
        }
        figures = FlowGrid(themes, 90, most=2)
        figures.set_things(list(self.stats.values()))
        self.findings.addWidget(figures)
        self.memory_title = label(tr("Memory of a training step"), "strong", wrap=True)
        self.findings.addWidget(self.memory_title)
        self.bars = {
            "phase_1": MemoryBar(themes, tr("Phase 1")),
            "phase_2": MemoryBar(themes, tr("Phase 2")),
        }
        for bar in self.bars.values():
            self.findings.addWidget(bar)
        self.state = label("", "caption", wrap=True)
        self.findings.addWidget(self.state)
        self.advice = AdviceView(session, model)
        self.findings.addWidget(self.advice)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(space("m"))
        self.findings.addLayout(self._rows)
        self.findings.addStretch(1)
        self.box.addWidget(area, 1)
        self.setMinimumWidth(themes.theme.px(250))
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._ask)
        self._shown: object = None
        model.changed.connect(self._changed)
        self._show()

    def cancel(self) -> None:
        """Nobody waits for the answer any more."""
        self.advice.cancel()
        self._settle.stop()
        self._asked = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _changed(self, what: str) -> None:
        if what in ("values", "start", "step") and self._model.step in ("model", "settings", "review"):
            self._settle.start()
        self._show()

    def _ask(self) -> None:
        services, project, model = self._session.services, self._session.project, self._model
        question = model.question
        if services is None or project is None or question is None or question == self._asked:
            return
        if self._task is not None:
            self._task.cancel()
        self._asked = question
        model.set_asking()

        def work() -> Any:
            from rave_gui.viewmodels.newrun_facts import ask_engine

            return ask_engine(services, project, question)

        def done(found: Any) -> None:
            self._task = None
            facts, memory, refusal = found
            if refusal is not None:
                model.set_refusal(*refusal)
            else:
                model.set_facts(facts, memory)

        def failed(error: Exception) -> None:
            self._task, self._asked = None, None
            if not isinstance(error, UserError):
                raise error
            model.set_refusal(error.message, error.hint)

        self._task = self._session.call(work, done, failed)

    def _show(self) -> None:
        model = self._model
        facts, memory, machine = model.model, model.memory, model.machine
        self.stats["parameters"].set(tr("{n} million", n=f"{facts.parameters / 1e6:.1f}") if facts else "")
        self.stats["latent"].set(str(facts.latent_size) if facts else "")
        self.stats["rate"].set(tr("{n} kHz", n=f"{facts.sample_rate / 1000:g}") if facts else "")
        self.stats["frame"].set(
            tr("{n} ms", n=f"{1000 * facts.ratio / facts.sample_rate:.0f}") if facts else ""
        )
        have = model.device_memory
        self.bars["phase_1"].set(memory.phase_1 if memory else 0, have)
        self.bars["phase_2"].set(memory.phase_2 if memory else 0, have)
        if model.asking:
            self.state.setText(tr("The engine works it out…"))
        elif have:
            card = machine is not None and machine.cuda and model.values["device"] != "cpu"
            where = tr("graphics card") if card else tr("computer")
            self.state.setText(tr("Of the {where}'s {size}.", where=where, size=gib(have)))
        else:
            self.state.setText("")
        shown = (tuple((f.code, f.message) for f in model.findings), model.refusal)
        if shown == self._shown:
            return
        self._shown = shown
        clear(self._rows)
        if model.refusal is not None:
            from rave_gui.training.schema import Finding

            refusal = Finding("refused", "error", *model.refusal)
            self._rows.addWidget(FindingRow(self._session.themes, refusal, model.set_values))
        for finding in model.findings:
            self._rows.addWidget(FindingRow(self._session.themes, finding, model.set_values))
