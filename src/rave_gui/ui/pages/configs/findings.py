"""What is wrong with a configuration, in rows; pressing one goes to its line."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Card, IconLabel, label
from rave_gui.ui.widgets.rows import RowButton
from rave_gui.viewmodels.compose import Finding

MOST = 50


class FindingsView(Card):
    """``chosen`` carries a :class:`Finding`."""

    chosen = Signal(object)

    def __init__(self, themes: ThemeManager) -> None:
        super().__init__(themes)
        self.box.setSpacing(themes.theme.space("s"))
        self.headline = label("", "strong", wrap=True)
        self.icon = IconLabel(themes, "circle-check", "success", 16)
        self.box.addWidget(self.headline)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setAccessibleName(tr("What was found"))
        inside = QWidget()
        self._rows = QVBoxLayout(inside)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(0)
        self.area.setWidget(inside)
        self.box.addWidget(self.area)
        self.rows: list[RowButton] = []

    def say(self, text: str, tone: str = "") -> None:
        """A headline without rows: being checked, or nothing wrong."""
        self.show_findings([])
        self.headline.setText(text)
        self.headline.setProperty("tone", tone)
        self.headline.style().polish(self.headline)

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Rows for these, errors first."""
        while self._rows.count():
            item = self._rows.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.rows = []
        errors = sum(1 for found in findings if found.severity == "error")
        others = len(findings) - errors
        parts = []
        if errors:
            parts.append(trn("{n} error", "{n} errors", errors))
        if others:
            parts.append(trn("{n} remark", "{n} remarks", others))
        self.headline.setText(", ".join(parts))
        self.headline.setProperty("tone", "danger" if errors else "warning" if others else "")
        self.headline.style().polish(self.headline)
        for found in findings[:MOST]:
            row = RowButton(
                self._themes,
                "circle-alert" if found.severity == "error" else "info",
                found.message,
                found.hint,
                trailing=found.place,
                tone="danger" if found.severity == "error" else "warning",
            )
            row.setToolTip("\n".join(part for part in (found.message, found.hint, found.place) if part))
            row.clicked.connect(lambda _on=False, found=found: self.chosen.emit(found))
            self._rows.addWidget(row)
            self.rows.append(row)
        self._rows.addStretch(1)
        self.area.setVisible(bool(findings))
        tall = sum(row.sizeHint().height() for row in self.rows[:4])
        self.area.setFixedHeight(tall + 4 if findings else 0)
