"""The settings dialog: made from the schema, so that a setting that is declared is a setting that can be changed."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from rave_gui.errors import UserError
from rave_gui.settings import Setting
from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.theme.tokens import SCALES
from rave_gui.ui.widgets.basic import Card, IconButton, clearable, label
from rave_gui.ui.widgets.fields import ChoiceField, Field, PathField, setting_field
from rave_gui.viewmodels.palette import plain

if TYPE_CHECKING:
    from rave_gui.ui.dialogs.settings_notify import SecretRow, TrialRow
    from rave_gui.ui.shell.session import Session

LANGUAGES = {
    "en": "English",
    "fr": "Français",
    "de": "Deutsch",
    "es": "Español",
    "it": "Italiano",
    "ja": "日本語",
}


class SettingRow(QWidget):
    """One setting: its field, what it says after a restart, and the way back to the default."""

    def __init__(self, session: Session, setting: Setting) -> None:
        super().__init__()
        self._session, self.setting = session, setting
        theme = session.themes.theme
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.space("s"))
        words = QVBoxLayout()
        words.setSpacing(theme.space("xs"))
        self.field = self._field()
        self.field.set_value(session.settings.get(setting.key))
        self.field.changed.connect(self._changed)
        self.later = label(tr("Takes effect when RAVE GUI starts again."), "caption")
        self.later.setProperty("tone", "warning")
        self.later.hide()
        words.addWidget(self.field)
        words.addWidget(self.later)
        row.addLayout(words, 1)
        self.back = IconButton(
            session.themes, "rotate-ccw", tr("Back to the default: {name}", name=tr(setting.label))
        )
        self.back.clicked.connect(self._reset)
        policy = self.back.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.back.setSizePolicy(policy)
        row.addWidget(self.back)
        self._show_back()

    def words(self) -> str:
        """What the search looks at."""
        return plain(f"{tr(self.setting.label)} {tr(self.setting.help)} {tr(self.setting.section)}")

    def follow(self) -> None:
        """Take over a value changed elsewhere."""
        self.field.set_value(self._session.settings.get(self.setting.key))
        self._show_back()

    def _field(self) -> Field:
        setting, session = self.setting, self._session
        if setting.kind == "folder":
            return PathField(session.themes, tr(setting.label), self._browse, tr(setting.help))
        names = {key: tr(name) for key, name in zip(setting.choices, setting.names, strict=False)}
        if setting.key == "text_scale":
            now = float(session.settings.get(setting.key))
            sizes = sorted({now, *(scale / 100 for scale in SCALES)})
            percents = [(size, tr("{n} %", n=round(size * 100))) for size in sizes]
            return ChoiceField(session.themes, tr(setting.label), percents, tr(setting.help))
        if setting.key == "language":
            names = {"system": tr("Language of the system"), **LANGUAGES}
        return setting_field(session.themes, setting, session.settings.get(setting.key), names)

    def _browse(self) -> Path | None:
        return self._session.pick_folder(
            tr(self.setting.label), str(self._session.settings.get(self.setting.key))
        )

    def _changed(self) -> None:
        value: Any = self.field.value()
        if isinstance(self.setting.default, float):
            value = float(value)
        try:
            self._session.settings.set(self.setting.key, value)
        except UserError as error:
            self.field.show_problem(f"{error.message} {error.hint}".strip())
            return
        self.field.show_problem("")
        self.later.setVisible(self.setting.restart)
        self._show_back()

    def _reset(self) -> None:
        self.field.set_value(self.setting.default)
        self._changed()
        self.field.editor.setFocus()

    def _show_back(self) -> None:
        self.back.setVisible(self._session.settings.get(self.setting.key) != self.setting.default)


class SettingsDialog(Dialog):
    """Sections of settings with a search field. Every change counts at once; there is nothing to confirm."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, tr("Settings"), width=620)
        theme = session.themes.theme
        self.search = QLineEdit()
        self.search.setPlaceholderText(tr("Search the settings"))
        self.search.setAccessibleName(tr("Search the settings"))
        clearable(self.search)
        self.search.textChanged.connect(self._find)
        outer: Any = self.layout()
        outer.insertWidget(1, self.search)
        self.rows: dict[str, SettingRow] = {}
        self.beside: list[SecretRow | TrialRow] = []
        """Secrets and trials of the notifications."""
        self._sections: list[tuple[Card, list[SettingRow | SecretRow | TrialRow]]] = []
        sections: dict[str, list[Setting]] = {}
        for setting in session.settings.schema.values():
            sections.setdefault(setting.section, []).append(setting)
        for name, settings in sections.items():
            card = Card(session.themes)
            card.box.setSpacing(theme.space("l"))
            card.box.addWidget(label(tr(name), "lead"))
            rows: list[SettingRow | SecretRow | TrialRow] = []
            for setting in settings:
                row = SettingRow(session, setting)
                self.rows[setting.key] = row
                rows.append(row)
                card.box.addWidget(row)
                if setting.key.startswith("notify_"):
                    from rave_gui.ui.dialogs import settings_notify

                    for more in settings_notify.beside(self, setting.key):
                        self.beside.append(more)
                        rows.append(more)
                        card.box.addWidget(more)
            self.box.addWidget(card)
            self._sections.append((card, rows))
        self.nothing = label(tr("No setting has such a name."), "muted")
        self.nothing.hide()
        self.box.addWidget(self.nothing)
        self.box.addStretch(1)
        self._stop = session.settings.listen(self._follow)
        self.finished.connect(lambda _result: self._stop())
        self.search.setFocus()

    def show_setting(self, key: str) -> None:
        """Bring one setting into view and give it the focus (an empty key: nothing)."""
        if key in self.rows:
            row = self.rows[key]
            row.field.editor.setFocus()
            QTimer.singleShot(0, row, functools.partial(self.area.ensureWidgetVisible, row))

    def _follow(self, key: str, _value: object) -> None:
        row = self.rows[key]
        if not isinstance(row.field, ChoiceField) and row.field.editor.hasFocus():
            row._show_back()
            return
        row.follow()

    def _find(self, text: str) -> None:
        asked = plain(text).split()
        any_shown = False
        for card, rows in self._sections:
            shown = False
            for row in rows:
                fits = all(word in row.words() for word in asked)
                row.setVisible(fits)
                shown = shown or fits
            card.setVisible(shown)
            any_shown = any_shown or shown
        self.nothing.setVisible(not any_shown)
