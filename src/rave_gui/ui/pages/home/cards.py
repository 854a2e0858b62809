"""The cards of the start page: next step, what runs, what ended, projects, this computer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from rave_gui.ui import words
from rave_gui.ui.i18n import tr
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Button, Card, ElidedLabel, IconLabel, label, set_tone
from rave_gui.ui.widgets.rows import RowButton
from rave_gui.viewmodels.home import Facts, NextStep
from rave_gui.viewmodels.jobs import Row, fraction

JOB_ICONS = {
    "dataset": "database",
    "train": "activity",
    "render": "audio-lines",
    "evaluate": "headphones",
    "export": "package",
    "verify": "shield-check",
    "engine-install": "cpu",
    "project-export": "archive",
    "project-import": "archive-restore",
}


class NextCard(Card):
    """The one thing to do next, large. ``asked`` carries an action's key or ``page:KEY``."""

    asked = Signal(str)

    def __init__(self, themes: ThemeManager) -> None:
        super().__init__(themes)
        self.setProperty("tone", "accent")
        self._step = NextStep("", "", "", "", "sparkles")
        row = QHBoxLayout()
        row.setSpacing(themes.theme.space("l"))
        self.icon = IconLabel(themes, "sparkles", "accent", 32)
        text = QVBoxLayout()
        text.setSpacing(themes.theme.space("xs"))
        self.caption = label(tr("Next"), "caption")
        self.title = label("", "title", wrap=True)
        self.text = label("", "muted", wrap=True)
        text.addWidget(self.caption)
        text.addWidget(self.title)
        text.addWidget(self.text)
        self.main = Button(themes, "", "", "primary")
        self.second = Button(themes, "")
        self.main.clicked.connect(lambda: self.asked.emit(self._step.action))
        self.second.clicked.connect(lambda: self.asked.emit(self._step.second_action))
        row.addWidget(self.icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(text, 1)
        row.addWidget(self.second, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.main, 0, Qt.AlignmentFlag.AlignVCenter)
        self.box.addLayout(row)

    def show_step(self, step: NextStep) -> None:
        """Show another step."""
        if step == self._step:
            return
        self._step = step
        self.icon.set_icon(step.icon, "accent")
        self.title.setText(step.title)
        self.text.setText(step.text)
        self.main.set_face(step.button, "")
        self.main.setAccessibleDescription(step.title)
        self.second.set_face(step.second, "")
        self.second.setVisible(bool(step.second))


class ListCard(Card):
    """A titled list of rows; while it is empty, a sentence. ``opened`` carries a row's object."""

    opened = Signal(object)

    def __init__(self, themes: ThemeManager, title: str, empty: str) -> None:
        super().__init__(themes)
        self.setAccessibleName(title)
        self.head = QHBoxLayout()
        self.head.addWidget(label(title, "lead"), 1)
        self.box.addLayout(self.head)
        self.rows = QVBoxLayout()
        self.rows.setSpacing(2)
        self.box.addLayout(self.rows)
        self.empty = label(empty, "muted", wrap=True)
        self.box.addWidget(self.empty)
        self._made: dict[Any, RowButton] = {}
        self._order: list[Any] = []
        self._things: dict[Any, Any] = {}

    def show_rows(
        self, things: Sequence[Any], key: Callable[[Any], Any], fill: Callable[[RowButton, Any], None]
    ) -> None:
        """Show these things; rows of things that stay are changed in place, so the focus stays with them."""
        keys = [key(thing) for thing in things]
        for gone in [k for k in self._made if k not in keys]:
            self._made.pop(gone).deleteLater()
        for k in keys:
            if k not in self._made:
                self._made[k] = row = RowButton(self._themes)
                row.clicked.connect(lambda _checked=False, k=k: self.opened.emit(self._things[k]))
        if keys != self._order:
            for k in keys:
                self.rows.removeWidget(self._made[k])
                self.rows.addWidget(self._made[k])
            self._order = keys
        for thing, k in zip(things, keys, strict=True):
            row = self._made[k]
            fill(row, thing)
            self._things[k] = thing
        self.empty.setVisible(not things)


def fill_job(row: RowButton, job: Row) -> None:
    """A job as a row: how far it is and how long it takes, or how it ended."""
    icon = JOB_ICONS.get(job.kind, "list-checks")
    state = words.job_state(job.state)
    tone = words.state_tone(job.state)
    if job.ended is not None:
        note = job.reason or (job.error or {}).get("message") or words.job_kind(job.kind)
        row.set(icon=icon, title=job.title, note=note, trailing=f"{state} · {ago(job.ended)}", tone=tone)
        return
    share = fraction(job)
    left = (job.progress or {}).get("eta")
    parts = [state, f"{share:.0%}" if share is not None else ""]
    if isinstance(left, (int, float)) and job.state == "running":
        parts.append(tr("{time} left", time=words.duration(left)))
    row.set(
        icon=icon,
        title=job.title,
        note="",
        trailing=" · ".join(p for p in parts if p),
        tone=tone or "accent",
        share=share or 0.0,
    )


def ago(seconds: float) -> str:
    """How long ago something was."""
    passed = time.time() - seconds
    if passed < 60:
        return tr("just now")
    return tr("{time} ago", time=words.duration(passed - passed % 60))


class ComputerCard(Card):
    """Disk, memory and processor or GPU, each with a bar."""

    def __init__(self, themes: ThemeManager) -> None:
        super().__init__(themes)
        self.setAccessibleName(tr("This computer"))
        self.box.addWidget(label(tr("This computer"), "lead"))
        grid = QGridLayout()
        grid.setVerticalSpacing(themes.theme.space("s"))
        grid.setColumnStretch(0, 1)
        self._values: dict[str, QWidget] = {}
        self._bars: dict[str, QProgressBar] = {}
        for row, (key, name) in enumerate(
            (("disk", tr("Disk")), ("memory", tr("Memory")), ("processor", tr("Processor")))
        ):
            grid.addWidget(label(name, "muted"), row * 2, 0)
            value = label("–", "body")
            grid.addWidget(value, row * 2, 1, Qt.AlignmentFlag.AlignRight)
            bar = QProgressBar()
            bar.setRange(0, 1000)
            bar.setTextVisible(False)
            bar.setAccessibleName(name)
            grid.addWidget(bar, row * 2 + 1, 0, 1, 2)
            self._values[key], self._bars[key] = value, bar
        self.box.addLayout(grid)
        self.device = ElidedLabel("", "muted")
        self.box.addWidget(self.device)
        self.warning = label("", "caption", wrap=True)
        set_tone(self.warning, "warning")
        self.warning.hide()
        self.box.addWidget(self.warning)

    def show_disk(self, facts: Facts) -> None:
        """Free space where the project is."""
        if facts.total:
            self._show("disk", 1 - facts.free / facts.total, tr("{size} free", size=words.size(facts.free)))
            low = facts.free < 5e9
            self.warning.setText(
                tr("The disk is nearly full: a training needs a few GB for its checkpoints.")
            )
            self.warning.setVisible(low)

    def show_load(self, load: dict[str, float]) -> None:
        """``processor`` and ``memory`` in use (0 to 1), ``memory_free`` in bytes, ``cores``."""
        self._show("memory", load["memory"], tr("{size} free", size=words.size(load["memory_free"])))
        self._show("processor", load["processor"], f"{load['processor']:.0%}")

    def show_device(self, text: str) -> None:
        """What trainings run on."""
        self.device.setText(text)
        self.device.setVisible(bool(text))

    def _show(self, key: str, share: float, text: str) -> None:
        value, bar = self._values[key], self._bars[key]
        value.setText(text)  # type: ignore[attr-defined]
        bar.setValue(round(min(1.0, max(0.0, share)) * 1000))
        bar.setAccessibleDescription(text)


def look_at_load() -> dict[str, float]:
    """How busy the computer is now (in a thread)."""
    import psutil

    memory = psutil.virtual_memory()
    return {
        "processor": psutil.cpu_percent(interval=None) / 100,
        "memory": memory.percent / 100,
        "memory_free": float(memory.available),
    }
