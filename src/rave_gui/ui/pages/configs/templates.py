"""Templates: settings of a training under a name, to be used again and shared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.training import parameters
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.configs.action_row import ActionRow
from rave_gui.ui.shell.actions import ActionButton
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Banner, Card, label
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.table import Column, Table


@dataclass(frozen=True)
class TemplateRow:
    """One template; ``problem`` where its file cannot be read."""

    name: str
    path: str
    description: str = ""
    fields: Mapping[str, Any] | None = None
    problem: str = ""

    @property
    def model(self) -> str:
        """Its configurations."""
        return " + ".join((self.fields or {}).get("configs") or ())


@dataclass(frozen=True)
class SettingRow:
    """One setting of a template."""

    name: str
    value: str


def row(data: Mapping[str, Any]) -> TemplateRow:
    """From ``configs.actions.templates``."""
    error = data.get("error")
    return TemplateRow(
        str(data["name"]),
        str(data["path"]),
        str(data.get("description", "")),
        data.get("fields"),
        str((error or {}).get("message", "")) if error else "",
    )


def settings_of(fields: Mapping[str, Any]) -> list[SettingRow]:
    """What a template sets otherwise than usual, in the words of the form."""
    found = parameters.diff(parameters.defaults(), parameters.from_fields(fields))
    return [SettingRow(change.label, _value(change.after)) for change in found]


def _value(value: Any) -> str:
    if value is None:
        return tr("As configured")
    if isinstance(value, bool):
        return tr("Yes") if value else tr("No")
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or tr("None")
    return f"{value:,}" if isinstance(value, int) else str(value)


class TemplatesView(QWidget):
    """List on the left, its settings on the right."""

    opened = Signal()
    chosen = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        themes = session.themes
        space = themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        self.stack = QStackedWidget()
        box.addWidget(self.stack)
        self.empty = EmptyState(
            themes,
            "bookmark",
            tr("Keep settings that worked"),
            tr(
                "A template holds the settings of a training without its dataset. Save one from the composition or from a new run, "
                "begin new runs with it, and share it as a file."
            ),
        )
        self.stack.addWidget(self.empty)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(space("l"))
        self.table = Table(
            themes,
            tr("Templates"),
            [
                Column("name", tr("Template"), lambda t: t.name, strong=True, note=lambda t: t.description or t.model,
                       icon=lambda t: "triangle-alert" if t.problem else "bookmark", tip=lambda t: t.problem or t.path),
                Column("model", tr("Configurations"), lambda t: t.model, 150),
            ],
            key=lambda t: t.name,
        )  # fmt: skip
        self.table.chosen.connect(self._choose)
        self.table.opened.connect(lambda _row: self.opened.emit())
        self.table.setMinimumWidth(themes.theme.px(200))
        split.addWidget(self.table)
        right = Card(themes)
        self.title = label("", "lead", wrap=True)
        self.text = label("", "muted", wrap=True)
        right.box.addWidget(self.title)
        right.box.addWidget(self.text)
        self.problem = Banner(themes)
        self.problem.hide()
        right.box.addWidget(self.problem)
        self.buttons = ActionRow(session)
        right.box.addWidget(self.buttons)
        self.settings = Table(
            themes,
            tr("Settings of the template"),
            [
                Column("name", tr("Setting"), lambda s: s.name, strong=True),
                Column("value", tr("Value"), lambda s: s.value, 190, keep=True, tip=lambda s: s.value),
            ],
            key=lambda s: s.name,
        )
        right.box.addWidget(self.settings, 1)
        split.addWidget(right)
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 3)
        split.setSizes([420, 600])
        self.stack.addWidget(split)

    def add_buttons(self) -> None:
        """Made when the actions are registered."""
        session = self._session
        self.buttons.add("configs.template_run", "primary")
        for key in ("configs.template_compose", "configs.template_share", "configs.template_remove"):
            self.buttons.add(key)
        button = ActionButton(session.themes, session.actions, "configs.template_load")
        self.empty.box.insertWidget(self.empty.box.count() - 1, button, 0, Qt.AlignmentFlag.AlignHCenter)

    def show_rows(self, rows: list[TemplateRow]) -> None:
        """Templates as they are now."""
        self.table.set_rows(rows)
        self.stack.setCurrentIndex(1 if rows else 0)
        if rows and not self.table.selected():
            self.table.select(rows[0].name)
        self._choose()

    @property
    def one(self) -> TemplateRow | None:
        """The chosen template."""
        found: TemplateRow | None = self.table.one()
        return found

    def take_focus(self) -> None:
        """The list."""
        if self.stack.currentIndex() == 1:
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _choose(self) -> None:
        found = self.one
        self.title.setText(found.name if found is not None else "")
        said = "" if found is None else found.description
        self.text.setText(said)
        self.text.setVisible(bool(said))
        if found is not None and found.problem:
            self.problem.show_message("danger", tr("This template cannot be read."), found.problem)
        else:
            self.problem.hide()
        self.settings.set_rows(settings_of(found.fields) if found is not None and found.fields else [])
        self.chosen.emit()
