"""The library: every configuration there is, what it is for, and its text."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.configs.action_row import ActionRow
from rave_gui.ui.pages.configs.gin_text import GinText
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Banner, Card, Chip, Stat, clearable, label
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.flow import FlowGrid
from rave_gui.ui.widgets.table import Column, Table
from rave_gui.viewmodels.configs import ConfigItem, ConfigsModel, facts, memory_words, remarks

ICONS = {
    "architecture": "brain",
    "regularisation": "spline",
    "discriminator": "shield-check",
    "other": "plug",
    "augmentation": "shuffle",
    "prior": "music",
}
TONES = {"small": "success", "medium": "", "large": "warning", "huge": "warning"}


def memory_short(key: str | None) -> str:
    """A memory class in a word."""
    return {"small": tr("Small"), "medium": tr("Medium"), "large": tr("Large"), "huge": tr("Very large")}.get(
        key or "", ""
    )


class LibraryView(QWidget):
    """List on the left, what is chosen on the right. ``opened``: Enter or a double click."""

    opened = Signal()
    chosen = Signal()

    def __init__(self, session: Session, model: ConfigsModel) -> None:
        super().__init__()
        self._session, self.model = session, model
        themes = session.themes
        space = themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.setChildrenCollapsible(False)
        self.split.setHandleWidth(space("l"))
        box.addWidget(self.split)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(space("s"))
        bar = QHBoxLayout()
        bar.setSpacing(space("s"))
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search configurations"))
        self.search.setAccessibleName(tr("Search configurations"))
        clearable(self.search)
        self.search.textChanged.connect(lambda text: model.set_filter(search=text))
        self.kind = QComboBox()
        self.kind.setAccessibleName(tr("Which configurations are shown"))
        for key, text in (
            ("all", tr("All")),
            ("architecture", tr("Architectures")),
            ("addons", tr("Add-ons")),
            ("augmentation", tr("Variations")),
            ("own", tr("My own")),
        ):
            self.kind.addItem(text, key)
        self.kind.activated.connect(lambda _i: model.set_filter(kind=self.kind.currentData()))
        bar.addWidget(self.search, 1)
        bar.addWidget(self.kind)
        column.addLayout(bar)
        self.table = Table(
            themes,
            tr("Configurations"),
            [
                Column(
                    "name",
                    tr("Configuration"),
                    lambda row: row.title or row.name,
                    strong=True,
                    icon=lambda row: "triangle-alert" if row.error else ICONS.get(row.kind, "file-code"),
                    note=_under,
                    tip=lambda row: row.text or row.path,
                ),
                Column("memory", tr("Memory"), lambda row: memory_short(row.memory), 100, tone=lambda row: TONES.get(row.memory or "", ""),
                       tip=lambda row: memory_words(row.memory)),
            ],
            key=lambda row: row.path,
        )  # fmt: skip
        self.table.chosen.connect(self._choose)
        self.table.opened.connect(lambda _row: self.opened.emit())
        self.none = EmptyState(
            themes, "search", tr("No configuration matches"), tr("Search for something else, or show all.")
        )
        self.loading = label(tr("Loading…"), "muted")
        self.loading.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.stack = QStackedWidget()
        for part in (self.loading, self.none, self.table):
            self.stack.addWidget(part)
        column.addWidget(self.stack, 1)
        self.split.addWidget(left)
        self.detail = ConfigDetail(session)
        self.right = QStackedWidget()
        self.hint = EmptyState(
            themes,
            "file-code",
            tr("What a model is made of"),
            tr(
                "A configuration is a text that describes a model or one of its properties. Choose one to see what it is for, "
                "or write your own on top of it."
            ),
        )
        self.right.addWidget(self.hint)
        self.right.addWidget(self.detail)
        self.split.addWidget(self.right)
        self.split.setStretchFactor(0, 2)
        self.split.setStretchFactor(1, 3)
        self.split.setSizes([440, 600])
        model.changed.connect(self._changed)

    def take_focus(self) -> None:
        """The list."""
        (self.table if self.stack.currentWidget() is self.table else self.search).setFocus(
            Qt.FocusReason.OtherFocusReason
        )

    def select(self, row: ConfigItem) -> None:
        """Look at one, whatever the filter."""
        if row not in self.model.shown:
            self.search.clear()
            self.kind.setCurrentIndex(0)
            self.model.set_filter("", "all")
        self.table.select(row.path)

    def _changed(self, what: str) -> None:
        if what in ("items", "shown"):
            shown = self.model.shown
            self.table.set_rows(shown)
            self.stack.setCurrentWidget(self.table if shown else self.none)
        row = self.model.item
        if row is not None:
            self.detail.show_item(row, self.model.items)
        self.right.setCurrentWidget(self.detail if row is not None else self.hint)

    def _choose(self) -> None:
        row = self.table.one()
        if row is not None:
            self.model.choose(row.path)
        self.chosen.emit()


class ConfigDetail(QWidget):
    """What a configuration is for, its figures, and its text with colours."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown = ""
        themes = session.themes
        space = themes.theme.space
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        area.setWidget(inside)
        outer.addWidget(area)
        box = QVBoxLayout(inside)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("m"))
        card = Card(themes)
        head = QHBoxLayout()
        head.setSpacing(space("s"))
        self.title = label("", "lead", wrap=True)
        head.addWidget(self.title, 1)
        self.kind, self.memory, self.origin = Chip(), Chip(), Chip()
        for chip in (self.kind, self.memory, self.origin):
            head.addWidget(chip)
        card.box.addLayout(head)
        self.buttons = ActionRow(session)
        card.box.addWidget(self.buttons)
        self.text = label("", wrap=True)
        self.caution = label("", "body", wrap=True)
        self.caution.setProperty("tone", "warning")
        self.remarks = label("", "muted", wrap=True)
        for part in (self.text, self.caution, self.remarks):
            card.box.addWidget(part)
        self.figures = FlowGrid(themes, 130, gap="m")
        self._stats: list[Stat] = [Stat("") for _ in range(5)]
        self.figures.set_things(self._stats)
        card.box.addWidget(self.figures)
        self.note = label(
            tr("Figures at a batch of 8 examples of 131,072 samples; of an add-on, together with v2."),
            "caption",
            wrap=True,
        )
        card.box.addWidget(self.note)
        self.problem = Banner(themes)
        self.problem.hide()
        card.box.addWidget(self.problem)
        box.addWidget(card)
        self.source = GinText(themes, tr("Text of the configuration"))
        self.source.setMinimumHeight(themes.theme.px(220))
        box.addWidget(self.source, 1)

    def add_buttons(self) -> None:
        """Made when the actions are registered."""
        for key in ("configs.use", "configs.copy"):
            self.buttons.add(key)
        for key in ("configs.edit", "configs.trust", "configs.remove"):
            self.buttons.add(key, hide=True)

    def show_item(self, row: ConfigItem, items: list[ConfigItem]) -> None:
        """Another one."""
        self.title.setText(row.title or row.name)
        self.kind.set(row.kind_label or row.kind, "accent")
        self.memory.set(memory_short(row.memory), TONES.get(row.memory or "", ""))
        self.memory.setToolTip(memory_words(row.memory))
        self.origin.set({"own": tr("My own"), "project": tr("This project's")}.get(row.origin, ""), "success")
        self.text.setText(row.text)
        self.text.setVisible(bool(row.text))
        self.caution.setText(row.caution)
        self.caution.setVisible(bool(row.caution))
        said = " ".join(remarks(row, items))
        self.remarks.setText(said)
        self.remarks.setVisible(bool(said))
        known = facts(row)
        for stat, pair in zip(self._stats, [*known, *[("", "")] * 5], strict=False):
            stat.set(pair[1], pair[0])
            stat.setVisible(bool(pair[0]))
        self.figures.arrange()
        self.figures.setVisible(bool(known))
        self.note.setVisible(bool(known))
        if row.error:
            self.problem.show_message("danger", tr("This file cannot be read as it is."), row.error)
        else:
            self.problem.hide()
        path = row.path
        if path != self._shown:
            self._shown = path
            self.reload()

    def reload(self) -> None:
        """Read the text (in a thread)."""
        from pathlib import Path

        path = self._shown
        if not path:
            return

        def done(text: str) -> None:
            if path == self._shown:
                self.source.set_text(text)

        self._session.call(lambda: Path(path).read_text(encoding="utf-8", errors="replace"), done)


def _under(row: ConfigItem) -> str:
    return row.kind_label if not row.own else tr("My own · {kind}", kind=row.kind_label)
