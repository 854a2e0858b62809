"""The checkpoints of a model: which is the best, which are drafts, how close each comes to the original."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from rave_gui.ui import words
from rave_gui.ui.i18n import tr
from rave_gui.ui.widgets.basic import label
from rave_gui.ui.widgets.table import Column, Table
from rave_gui.ui.widgets.things import when

if TYPE_CHECKING:
    from rave_gui.models.actions import Checkpoint
    from rave_gui.ui.shell.session import Session


def checkpoint_name(checkpoint: Checkpoint) -> str:
    """What a checkpoint is called: its step, or that it is the best one."""
    if checkpoint.step is not None:
        name = tr("Step {n}", n=f"{checkpoint.step:,}")
    elif checkpoint.best:
        name = tr("Best on held-out sound")
    else:
        name = checkpoint.path.stem
    return tr("{name} (session {n})", name=name, n=checkpoint.version + 1) if checkpoint.version else name


def checkpoint_note(checkpoint: Checkpoint) -> str:
    """What is special about it, in a word or two."""
    if checkpoint.newest:
        return tr("newest")
    return tr("smallest distance so far") if checkpoint.best and checkpoint.step is not None else ""


def phase_words(phase: int | None) -> str:
    """A training phase in words."""
    return {1: tr("Draft (phase 1)"), 2: tr("Phase 2")}.get(phase or 0, "–")


class CheckpointsPanel(QWidget):
    """A table of checkpoints; two can be chosen to be compared. ``opened``: Enter or a double click."""

    opened = Signal(object)
    chosen = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        themes = session.themes
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(themes.theme.space("s"))
        columns: list[Column[Checkpoint]] = [
            Column(
                "name",
                tr("Checkpoint"),
                checkpoint_name,
                strong=True,
                sort=lambda c: (c.step is not None, c.step or 0),
                icon=lambda c: "star" if c.best else "circle-check" if c.newest else "bookmark",
                note=checkpoint_note,
                tip=lambda c: str(c.path),
            ),
            Column(
                "phase",
                tr("Stage"),
                lambda c: phase_words(c.phase),
                140,
                sort=lambda c: c.phase,
                tone=lambda c: "warning" if c.phase == 1 else "",
            ),
            Column(
                "distance",
                tr("Distance"),
                _distance,
                96,
                sort=lambda c: c.evaluation.distance if c.evaluation else None,
                right=True,
            ),
            Column("modified", tr("Saved"), lambda c: when(c.modified), 120, sort=lambda c: c.modified),
            Column("size", tr("Size"), lambda c: words.size(c.bytes), 84, sort=lambda c: c.bytes, right=True),
        ]
        self.table = Table(themes, tr("Checkpoints"), columns, lambda c: str(c.path), many=True)
        box.addWidget(self.table, 1)
        box.addWidget(
            label(
                tr(
                    "Enter chooses a checkpoint for everything on this page. Choose two with Ctrl and compare them on the same sound."
                ),
                "caption",
                wrap=True,
            )
        )
        self.table.opened.connect(self.opened)
        self.table.chosen.connect(self.chosen)

    def show_checkpoints(self, found: Sequence[Checkpoint]) -> None:
        """Show these."""
        self.table.set_rows(found)

    def selected(self) -> list[Checkpoint]:
        """The chosen ones, while the table is seen."""
        return self.table.selected() if self.isVisible() else []


def _distance(checkpoint: Checkpoint) -> str:
    found = checkpoint.evaluation.distance if checkpoint.evaluation else None
    return f"{found:.1f}" if found is not None else "–"
