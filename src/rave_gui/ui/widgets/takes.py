"""Takes as a table: what was rendered, of what, through which model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QStackedLayout, QVBoxLayout, QWidget

from rave_gui.ui import words
from rave_gui.ui.i18n import tr
from rave_gui.ui.widgets.basic import clearable
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.table import Column, Table
from rave_gui.ui.widgets.things import when

if TYPE_CHECKING:
    from rave_gui.play.actions import Take
    from rave_gui.ui.shell.session import Session


class TakesPanel(QWidget):
    """A table of takes with a search field. ``opened``: Enter or a double click; ``chosen``: the selection changed."""

    opened = Signal(object)
    chosen = Signal()

    def __init__(self, session: Session, empty: str, *, with_model: bool) -> None:
        """``empty`` says how takes come to be; ``with_model``: whether a column names the model."""
        super().__init__()
        themes = session.themes
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._stack.addWidget(EmptyState(themes, "file-music", tr("No takes yet"), empty))
        full = QWidget()
        box = QVBoxLayout(full)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(themes.theme.space("s"))
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search takes"))
        self.search.setAccessibleName(tr("Search takes"))
        clearable(self.search)
        box.addWidget(self.search)
        columns: list[Column[Take]] = [
            Column("name", tr("Take"), lambda t: t.name, strong=True, icon=_icon, tip=lambda t: str(t.path)),
            Column("model", tr("Model"), _model, 140, hidden=not with_model),
            Column("seconds", tr("Length"), _length, 76, sort=lambda t: t.seconds, right=True),
            Column("created", tr("Made"), lambda t: when(t.created), 112, sort=lambda t: t.created),
            Column(
                "size",
                tr("Size"),
                lambda t: words.size(t.bytes),
                84,
                sort=lambda t: t.bytes,
                right=True,
                hidden=True,
            ),
        ]
        self.table = Table(themes, tr("Takes"), columns, lambda t: t.name)
        box.addWidget(self.table, 1)
        self._stack.addWidget(full)
        self.search.textChanged.connect(self.table.rows.set_filter)
        self.table.opened.connect(self.opened)
        self.table.chosen.connect(self.chosen)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_takes(self, takes: Sequence[Take]) -> None:
        """Show these."""
        self._stack.setCurrentIndex(1 if takes else 0)
        self.table.set_rows(takes)

    def one(self) -> Take | None:
        """The selected take."""
        found: Take | None = self.table.one() if self.isVisible() else None
        return found


def _icon(take: Take) -> str:
    return "chart-bar" if take.kind == "evaluation" else "file-music"


def _model(take: Take) -> str:
    if not take.run:
        return "–"
    return f"{take.run}  ·  {take.step:,}" if take.step else take.run


def _length(take: Take) -> str:
    return words.clock(take.seconds) if take.seconds is not None else "–"
