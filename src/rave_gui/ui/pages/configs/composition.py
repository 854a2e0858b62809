"""The composition: every binding that is in force for a stack, who set it where, and what it replaced."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLineEdit, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.errors import UserError
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.configs.findings import FindingsView
from rave_gui.ui.pages.configs.stack import StackView
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Card, Segments, Stat, clearable, label
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.flow import FlowGrid
from rave_gui.ui.widgets.table import Column, Table
from rave_gui.viewmodels.compose import OVERRIDE, Binding, ComposeModel, Finding

NARROW = 900
"""Pixels at 100 % below which search and choice stand one below the other."""

LOW = 620
"""Pixels at 100 % below which the figures are one line instead of a card."""


class CompositionView(QWidget):
    """The stack on the left, what it comes to on the right."""

    def __init__(self, session: Session, model: ComposeModel) -> None:
        super().__init__()
        self._session, self.model = session, model
        self._number = 0
        self._stale = True
        themes = session.themes
        space = themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(space("l"))
        box.addWidget(split)
        self.stack = StackView(session, model)
        split.addWidget(self.stack)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(space("m"))
        self.found = FindingsView(themes)
        self.found.chosen.connect(self._go)
        column.addWidget(self.found)
        self.card = Card(themes)
        self.figures = FlowGrid(themes, 110, gap="m")
        self._stats = {
            "latent_size": Stat(tr("Latents")),
            "ratio": Stat(tr("Samples a latent")),
            "parameters": Stat(tr("Parameters")),
            "sample_rate": Stat(tr("Sample rate")),
            "phase_1_steps": Stat(tr("Steps of phase 1")),
        }
        self.figures.set_things(list(self._stats.values()))
        self.card.box.addWidget(self.figures)
        column.addWidget(self.card)
        self.brief = label("", "caption", wrap=True)
        self.brief.hide()
        column.addWidget(self.brief)
        self._bar = QGridLayout()
        self._bar.setSpacing(space("s"))
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Find a setting, value or file"))
        self.search.setAccessibleName(tr("Find a setting, value or file"))
        clearable(self.search)
        self.search.textChanged.connect(lambda text: model.set_filter(search=text))
        self.show_ = Segments(
            [("all", tr("All")), ("changed", tr("Replaced")), ("unused", tr("Without effect"))],
            tr("Which settings are shown"),
        )
        self.show_.set("all")
        self.show_.chosen.connect(self._narrow)
        self.count = label("", "caption")
        self._narrow_bar: bool | None = None
        self._place_bar()
        column.addLayout(self._bar)
        self.table = Table(
            themes,
            tr("Settings in force"),
            [
                Column("name", tr("Setting"), lambda row: row.name, strong=True, tip=lambda row: row.name,
                       note=lambda row: tr("not used by this model") if row.used is False else ""),
                Column("value", tr("Value"), lambda row: row.resolved, 150, keep=True,
                       tip=lambda row: row.value if row.value == row.resolved else f"{row.value} = {row.resolved}"),
                Column("place", tr("Set by"), lambda row: row.place, 170, tone=lambda row: "accent" if row.source == OVERRIDE else "muted",
                       tip=lambda row: row.file),
                Column("before", tr("Instead of"), _before, 150, tone=lambda _row: "muted", tip=_history),
            ],
            key=lambda row: row.name,
        )  # fmt: skip
        self.table.chosen.connect(self._chosen)
        self.none = EmptyState(themes, "search", tr("No setting matches"), "")
        self.rows = QStackedWidget()
        self.rows.addWidget(self.none)
        self.rows.addWidget(self.table)
        column.addWidget(self.rows, 1)
        self.history = label("", "caption", wrap=True, selectable=True)
        column.addWidget(self.history)
        split.addWidget(right)
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 5)
        split.setSizes([300, 760])
        model.changed.connect(self._changed)
        self._show()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._place_bar()
        self._facts()

    def _place_bar(self) -> None:
        """Search and choice side by side, or one below the other where there is no room."""
        narrow = self.width() < self._session.themes.theme.px(NARROW)
        if narrow == self._narrow_bar:
            return
        self._narrow_bar = narrow
        for part in (self.search, self.show_, self.count):
            self._bar.removeWidget(part)
        self._bar.addWidget(self.search, 0, 0, 1, 2 if narrow else 1)
        self._bar.addWidget(self.show_, 1 if narrow else 0, 0 if narrow else 1)
        self._bar.addWidget(self.count, 1 if narrow else 0, 1 if narrow else 2)
        self._bar.setColumnStretch(0, 0 if narrow else 1)
        self._bar.setColumnStretch(1, 1 if narrow else 0)

    def enter(self) -> None:
        """It is seen now: what was changed meanwhile is composed."""
        if self._stale:
            self.compose()

    def take_focus(self) -> None:
        """The table."""
        (self.table if self.rows.currentWidget() is self.table else self.search).setFocus(
            Qt.FocusReason.OtherFocusReason
        )

    def stop(self) -> None:
        """Nothing is waited for any more."""
        self.stack.stop()
        self._number += 1

    def compose(self) -> None:
        """Ask the engine (in a thread); only the newest answer counts."""
        services = self._session.services
        if services is None:
            return
        from rave_gui.configs import actions

        self._stale = False
        stack = self.model.stack
        project = self._session.project.path if self._session.project is not None else None
        self._number += 1
        number = self._number
        self.model.set_asking()

        def work() -> tuple[dict[str, Any], dict[str, Any]]:
            check = actions.judge(services, stack, project=project)
            try:
                return actions.compose(services, stack, project), check
            except UserError:
                if check["valid"]:
                    raise
                return {}, check  # what is wrong is said with its line already

        def done(found: tuple[dict[str, Any], dict[str, Any]]) -> None:
            if number == self._number:
                self.model.set_answer(*found)

        def failed(error: Exception) -> None:
            if number != self._number:
                return
            if not isinstance(error, UserError):
                raise error
            self.model.set_refusal(error.message, error.hint, error.code or "")

        self._session.call(work, done, failed)

    def _changed(self, what: str) -> None:
        if what == "stack":
            self._stale = True
            if self.isVisible():
                self.compose()
        elif what == "shown":
            self._fill()
        else:
            self._show()

    def _show(self) -> None:
        model = self.model
        if model.asking:
            self.found.say(tr("Being composed…"))
        elif model.findings:
            self.found.show_findings(model.findings)
        elif model.bindings:
            self.found.say(tr("It works: the model can be built."), "success")
        else:
            self.found.say(tr("Not composed yet."))
        marks = {
            found.line: (found.severity, found.message)
            for found in model.findings
            if found.line and OVERRIDE in (found.source, found.file)
        }
        self.stack.overrides.set_marks(marks)
        self._facts()
        self._fill()

    def _facts(self) -> None:
        facts = self.model.facts
        low = self.height() < self._session.themes.theme.px(LOW)
        self.card.setVisible(bool(facts) and not low)
        self.brief.setVisible(bool(facts) and low)
        if not facts:
            return
        for key, stat in self._stats.items():
            value = facts.get(key)
            if key == "parameters" and value:
                stat.set(tr("{n} million", n=f"{value / 1e6:.1f}"))
            elif key == "sample_rate" and value:
                stat.set(tr("{n} Hz", n=f"{int(value):,}"))
            else:
                stat.set(f"{value:,}" if isinstance(value, (int, float)) else "")
        self.brief.setText("  ·  ".join(stat.accessibleName() for stat in self._stats.values()))

    def _fill(self) -> None:
        shown = self.model.shown
        self.table.set_rows(shown)
        self.count.setText(
            tr("{shown} of {all}", shown=len(shown), all=len(self.model.bindings))
            if self.model.bindings
            else ""
        )
        if self.model.bindings:
            self.none.say(tr("No setting matches"), tr("Search for something else, or show all."))
        else:
            self.none.say(
                tr("Nothing to show yet"),
                tr("When the configurations can be put together, every setting they come to is listed here."),
            )
        self.rows.setCurrentWidget(self.table if shown else self.none)
        self._chosen()

    def _chosen(self) -> None:
        row = self.table.one()
        self.history.setVisible(row is not None)
        if row is not None:
            steps = [tr("{value} ({place})", value=value, place=where) for value, where in row.history]
            self.history.setText(f"{row.name}:  " + "  →  ".join(steps))

    def _narrow(self, key: str) -> None:
        self.show_.set(key)
        self.model.set_filter(show=key)

    def _go(self, found: Finding) -> None:
        if OVERRIDE in (found.source, found.file):
            self.stack.overrides.go_to(found.line)
            self.stack.overrides.setFocus(Qt.FocusReason.OtherFocusReason)
        elif found.name:
            self.search.setText(found.name.rpartition(".")[2])


def _before(row: Binding) -> str:
    return str(row.overrode[-1]["value"]) if row.overrode else ""


def _history(row: Binding) -> str:
    return "\n".join(tr("{value} ({place})", value=value, place=where) for value, where in row.history)
