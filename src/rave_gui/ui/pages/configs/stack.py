"""What is composed: configurations from the bottom to the top, lines of one's own, variations."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.configs.gin_text import GinText
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Card, ElidedLabel, IconButton, label
from rave_gui.viewmodels.compose import ComposeModel
from rave_gui.viewmodels.configs import ConfigItem

WAIT_MS = 600
AUGMENTATIONS = ("mute", "compress", "gain")


class StackView(Card):
    """Edits a :class:`ComposeModel`'s stack."""

    def __init__(self, session: Session, model: ComposeModel) -> None:
        super().__init__(session.themes)
        self._session, self._model = session, model
        self._titles: dict[str, str] = {}
        space = session.themes.theme.space
        self.box.setSpacing(space("s"))
        self.box.addWidget(label(tr("Configurations"), "strong"))
        self.box.addWidget(label(tr("What comes later wins."), "caption"))
        self.rows = QVBoxLayout()
        self.rows.setSpacing(0)
        inside = QWidget()
        inside.setLayout(self.rows)
        self.box.addWidget(inside)
        self.add = QComboBox()
        self.add.setAccessibleName(tr("Add a configuration"))
        self.add.activated.connect(self._add)
        self.box.addWidget(self.add)
        self.box.addSpacing(space("s"))
        caption = label(tr("Lines of my own"), "strong")
        self.box.addWidget(caption)
        self.overrides = GinText(session.themes, tr("Lines of my own"), writable=True)
        self.overrides.setPlaceholderText("CAPACITY = 48")
        self.overrides.setMinimumHeight(session.themes.theme.px(90))
        self.overrides.edited.connect(self._edited)
        caption.setBuddy(self.overrides)
        self.box.addWidget(self.overrides, 1)
        self.box.addWidget(label(tr("Variations"), "strong"))
        self.variations: dict[str, QCheckBox] = {}
        line = QHBoxLayout()
        line.setSpacing(space("m"))
        for name in AUGMENTATIONS:
            check = QCheckBox(
                {"mute": tr("Silence"), "compress": tr("Compression"), "gain": tr("Loudness")}[name]
            )
            check.clicked.connect(lambda on, name=name: model.set_augmentation(name, bool(on)))
            self.variations[name] = check
            line.addWidget(check)
        line.addStretch(1)
        self.box.addLayout(line)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(WAIT_MS)
        self._wait.timeout.connect(self.apply)
        model.changed.connect(self._changed)
        self._changed("stack")

    def set_items(self, items: Sequence[ConfigItem]) -> None:
        """What can be put on the stack."""
        self._titles = {row.name: row.title or row.name for row in items}
        self._titles |= {row.path: row.name for row in items if row.own}
        self.add.clear()
        self.add.addItem(tr("Add a configuration…"), "")
        for row in items:
            if row.kind == "augmentation" and not row.own and row.name in AUGMENTATIONS:
                continue
            self.add.addItem(
                f"{row.title or row.name}  ·  {row.kind_label}", row.path if row.own else row.name
            )
        self._changed("stack")

    def apply(self) -> None:
        """Take over the lines as they stand."""
        self._wait.stop()
        self._model.set_overrides(self.overrides.toPlainText())

    def stop(self) -> None:
        """Nothing is waited for any more."""
        self._wait.stop()

    def _edited(self) -> None:
        self._wait.start()

    def _add(self, index: int) -> None:
        name = self.add.itemData(index)
        self.add.setCurrentIndex(0)
        if name:
            self._model.add(str(name))

    def _changed(self, what: str) -> None:
        if what != "stack":
            return
        while self.rows.count():
            item = self.rows.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for place, name in enumerate(self._model.configs):
            self.rows.addWidget(self._row(place, name))
        if self.overrides.toPlainText() != self._model.overrides:
            self.overrides.set_text(self._model.overrides)
        for name, check in self.variations.items():
            check.setChecked(name in self._model.augmentations)

    def _row(self, place: int, name: str) -> QWidget:
        themes = self._session.themes
        part = QWidget()
        row = QHBoxLayout(part)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        shown = self._titles.get(name, name)
        row.addWidget(ElidedLabel(f"{place + 1}.  {shown}", "body"), 1)
        for icon, text, by in (
            ("arrow-up", tr("Earlier: {name}", name=shown), -1),
            ("arrow-down", tr("Later: {name}", name=shown), 1),
        ):
            button = IconButton(themes, icon, text)
            button.setEnabled(0 <= place + by < len(self._model.configs))
            button.clicked.connect(lambda _on=False, by=by: self._model.move(name, by))
            row.addWidget(button)
        away = IconButton(themes, "x", tr("Take out: {name}", name=shown))
        away.setEnabled(len(self._model.configs) > 1)
        away.clicked.connect(lambda: self._model.remove(name))
        row.addWidget(away)
        return part
