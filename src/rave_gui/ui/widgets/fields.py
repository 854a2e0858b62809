"""Form fields: a name above, the control, a sentence of help below, and what is wrong with the value."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QLocale, Qt, Signal
from PySide6.QtGui import QValidator, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from rave_gui.settings.schema import Setting, Value
from rave_gui.ui.i18n import tr
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Button, Inset, label, repolish


class Field(QWidget):
    """Base of the fields. ``changed``: the user gave another value. :attr:`editor` takes the focus."""

    changed = Signal()

    def __init__(
        self,
        themes: ThemeManager,
        name: str,
        editor: QWidget,
        help_text: str = "",
        *,
        named_above: bool = True,
    ) -> None:
        super().__init__()
        self.themes = themes
        self.editor = editor
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(themes.theme.space("xs"))
        self.caption = label(name, "strong")
        if not named_above:
            self.caption.hide()
        self.caption.setBuddy(editor)
        self.help = label(help_text, "caption", wrap=True)
        if not help_text:
            self.help.hide()
        self.problem = label("", "caption", wrap=True)
        self.problem.setProperty("tone", "danger")
        self.problem.hide()
        self.row = QHBoxLayout()
        self.row.setSpacing(themes.theme.space("s"))
        self.row.addWidget(editor, 1)
        box.addWidget(self.caption)
        box.addLayout(self.row)
        box.addWidget(self.help)
        box.addWidget(self.problem)
        editor.setAccessibleName(name)
        editor.setAccessibleDescription(help_text)
        self.setFocusProxy(editor)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def value(self) -> Any:
        """What the user gave."""
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show a value; does not count as given by the user."""
        raise NotImplementedError

    def show_problem(self, text: str) -> None:
        """Say what is wrong with the value; empty: nothing."""
        self.problem.setText(text)
        self.problem.setVisible(bool(text))
        if self.editor.property("bad") != bool(text):
            self.editor.setProperty("bad", bool(text))
            repolish(self.editor)
        self.editor.setAccessibleDescription(text or self.help.text())

    def set_help(self, text: str) -> None:
        """Another sentence of help."""
        self.help.setText(text)
        self.help.setVisible(bool(text))


class TextField(Field):
    """One line of text, or several."""

    def __init__(
        self, themes: ThemeManager, name: str, help_text: str = "", *, placeholder: str = "", lines: int = 1
    ) -> None:
        if lines > 1:
            area = QPlainTextEdit()
            area.setTabChangesFocus(True)
            area.setFixedHeight(themes.theme.px(22 * lines + 20))
            area.setPlaceholderText(placeholder)
            area.textChanged.connect(self._edited)
            editor: QLineEdit | QPlainTextEdit = area
        else:
            line = QLineEdit()
            line.setPlaceholderText(placeholder)
            line.textEdited.connect(self._edited)
            editor = line
        super().__init__(themes, name, editor, help_text)
        self._text = editor

    def value(self) -> str:
        """The text as it stands."""
        return self._text.text() if isinstance(self._text, QLineEdit) else self._text.toPlainText()

    def set_value(self, value: Any) -> None:
        """Show a text."""
        if isinstance(self._text, QLineEdit):
            self._text.setText(str(value))
        elif self._text.toPlainText() != str(value):
            self._text.blockSignals(True)
            self._text.setPlainText(str(value))
            self._text.blockSignals(False)

    def _edited(self, *_text: object) -> None:
        self.changed.emit()


class _Calm:
    """The wheel scrolls the page; it changes a number only when the field has the focus."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        if self.hasFocus():  # type: ignore[attr-defined]
            super().wheelEvent(event)  # type: ignore[misc]
        else:
            event.ignore()


class _Whole(_Calm, QSpinBox):
    pass


class _Real(_Calm, QDoubleSpinBox):
    def textFromValue(self, value: float) -> str:  # noqa: N802 - Qt's name
        return f"{value:.10g}"

    def validate(self, text: str, position: int) -> Any:
        """Any number counts, also 1e-4."""
        try:
            float(text)
        except ValueError:
            state = (
                QValidator.State.Intermediate
                if set(text) <= set("0123456789.eE+-")
                else QValidator.State.Invalid
            )
            return (state, text, position)
        return (QValidator.State.Acceptable, text, position)

    def valueFromText(self, text: str) -> float:  # noqa: N802 - Qt's name
        return float(text)


class _Choice(_Calm, QComboBox):
    pass


class NumberField(Field):
    """A number between two limits, whole or not. ``unit`` stands behind it."""

    def __init__(
        self,
        themes: ThemeManager,
        name: str,
        help_text: str = "",
        *,
        minimum: float | None = None,
        maximum: float | None = None,
        whole: bool = True,
        step: float = 1,
        unit: str = "",
    ) -> None:
        if whole:
            spin: QSpinBox | QDoubleSpinBox = _Whole()
            low = -(2**31) + 1 if minimum is None else math.ceil(minimum)
            high = 2**31 - 1 if maximum is None else min(2**31 - 1, math.floor(maximum))
            spin.setRange(low, high)
            spin.setSingleStep(int(step))
            spin.setGroupSeparatorShown(True)
        else:
            spin = _Real()
            spin.setDecimals(12)
            spin.setLocale(QLocale.c())
            spin.setRange(-1e15 if minimum is None else minimum, 1e15 if maximum is None else maximum)
            spin.setSingleStep(step)
        if unit:
            spin.setSuffix(f" {unit}")
        spin.setKeyboardTracking(False)
        spin.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        super().__init__(themes, name, spin, help_text)
        Inset(themes, spin)
        self._spin = spin
        spin.valueChanged.connect(lambda _value: self.changed.emit())

    def value(self) -> float:
        """The number (an int for a whole one)."""
        return self._spin.value()

    def set_value(self, value: Any) -> None:
        """Show a number."""
        self._spin.blockSignals(True)
        if isinstance(self._spin, QSpinBox):
            self._spin.setValue(round(float(value)))
        else:
            self._spin.setValue(float(value))
        self._spin.blockSignals(False)


class ChoiceField(Field):
    """One of several: ``options`` are (key, words)."""

    def __init__(
        self, themes: ThemeManager, name: str, options: Sequence[tuple[Any, str]], help_text: str = ""
    ) -> None:
        combo = _Choice()
        combo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        combo.setMinimumContentsLength(12)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        super().__init__(themes, name, combo, help_text)
        self._combo = combo
        self.set_options(options)
        combo.activated.connect(lambda _index: self.changed.emit())

    def set_options(self, options: Sequence[tuple[Any, str]]) -> None:
        """Other options; the chosen one stays chosen if it is still there."""
        kept = self._combo.currentData()
        self._combo.blockSignals(True)
        self._combo.clear()
        for key, text in options:
            self._combo.addItem(text, key)
        self._combo.blockSignals(False)
        self.set_value(kept)

    def value(self) -> Any:
        """Key of the chosen option, None when there is none."""
        return self._combo.currentData()

    def set_value(self, value: Any) -> None:
        """Choose by key; an unknown key keeps what is chosen."""
        index = next((i for i in range(self._combo.count()) if self._combo.itemData(i) == value), -1)
        if index >= 0:
            self._combo.blockSignals(True)
            self._combo.setCurrentIndex(index)
            self._combo.blockSignals(False)


class CheckField(Field):
    """On or off."""

    def __init__(self, themes: ThemeManager, name: str, help_text: str = "") -> None:
        check = QCheckBox(name)
        super().__init__(themes, name, check, help_text, named_above=False)
        self._check = check
        check.clicked.connect(lambda _on: self.changed.emit())

    def value(self) -> bool:
        """Whether it is on."""
        return self._check.isChecked()

    def set_value(self, value: Any) -> None:
        """Switch it."""
        self._check.setChecked(bool(value))


class PathField(Field):
    """A path that can be typed or chosen; ``browse`` asks the user for one."""

    def __init__(
        self, themes: ThemeManager, name: str, browse: Callable[[], Path | None], help_text: str = ""
    ) -> None:
        line = QLineEdit()
        super().__init__(themes, name, line, help_text)
        self._line, self._browse = line, browse
        line.textEdited.connect(lambda _text: self.changed.emit())
        self.button = Button(themes, tr("Browse…"), "folder-open")
        self.button.setAccessibleName(tr("Browse for: {name}", name=name))
        self.button.clicked.connect(self._ask)
        self.row.addWidget(self.button)

    def value(self) -> str:
        """The path as it stands, without spaces around it."""
        return self._line.text().strip()

    def set_value(self, value: Any) -> None:
        """Show a path."""
        self._line.setText(str(value))

    def _ask(self) -> None:
        found = self._browse()
        if found is not None:
            self.set_value(found)
            self.changed.emit()


def setting_field(
    themes: ThemeManager, setting: Setting, value: Value, words: dict[str, str] | None = None
) -> Field:
    """The field for a declared setting; ``words`` are names for its choices."""
    name, help_text = tr(setting.label), tr(setting.help)
    made: Field
    if isinstance(setting.default, bool):
        made = CheckField(themes, name, help_text)
    elif setting.choices:
        options = [(choice, (words or {}).get(choice, choice)) for choice in setting.choices]
        made = ChoiceField(themes, name, options, help_text)
    elif isinstance(setting.default, float):
        whole = setting.default.is_integer() and (setting.maximum or math.inf) > 10
        made = NumberField(
            themes,
            name,
            help_text,
            minimum=setting.minimum,
            maximum=setting.maximum,
            whole=whole,
            step=1 if whole else 0.1,
        )
    else:
        made = TextField(themes, name, help_text)
    made.set_value(value)
    return made
