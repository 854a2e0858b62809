"""A field for each kind of training parameter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QVBoxLayout, QWidget

from rave_gui.training.schema import Parameter
from rave_gui.ui.i18n import tr
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Button
from rave_gui.ui.widgets.fields import CheckField, ChoiceField, Field, TextField


class _CalmCombo(QComboBox):
    """The wheel scrolls the page unless the field has the focus."""

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class ValueField(Field):
    """A number, a pair of numbers or a word: typed, or taken from the usual ones; None where the configuration may decide."""

    def __init__(self, themes: ThemeManager, parameter: Parameter) -> None:
        combo = _CalmCombo()
        combo.setEditable(True)
        combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        combo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._parameter = parameter
        self._unit = tr(parameter.unit) if parameter.unit else ""
        self._nothing = (
            tr("off") if parameter.kind == "pair" or parameter.key == "ema" else tr("as configured")
        )
        if parameter.optional:
            combo.addItem(self._nothing, None)
        for value in parameter.usual:
            combo.addItem(self._words(value), value)
        if not parameter.usual and not parameter.optional:
            combo.addItem(self._words(parameter.default), parameter.default)
        super().__init__(themes, tr(parameter.label), combo, tr(parameter.help))
        self._combo = combo
        line = combo.lineEdit()
        if line is not None:
            line.setAccessibleName(tr(parameter.label))
            line.editingFinished.connect(self.changed)
        combo.activated.connect(lambda _index: self.changed.emit())

    def value(self) -> Any:
        """The value; the text itself where it is none (the check says so)."""
        text = self._combo.currentText().strip()
        if self._parameter.optional and text in ("", self._nothing):
            return None
        if self._unit:
            text = text.removesuffix(self._unit).strip()
        if self._parameter.kind == "text":
            return text
        if self._parameter.kind == "pair":
            parts = text.replace("–", " ").replace(",", " ").replace(";", " ").split()
            numbers = [_number(part, whole=False) for part in parts]
            return numbers if all(isinstance(n, float) for n in numbers) and len(numbers) == 2 else text
        return _number(text, whole=self._parameter.kind == "int")

    def set_value(self, value: Any) -> None:
        """Show a value."""
        index = next((i for i in range(self._combo.count()) if _same(self._combo.itemData(i), value)), -1)
        self._combo.blockSignals(True)
        if index >= 0:
            self._combo.setCurrentIndex(index)
        else:
            self._combo.setCurrentIndex(-1)
            self._combo.setEditText(self._words(value))
        self._combo.blockSignals(False)

    def _words(self, value: Any) -> str:
        if value is None:
            return self._nothing
        if isinstance(value, (list, tuple)):
            text = " – ".join(f"{part:g}" for part in value)
        elif isinstance(value, int) and not isinstance(value, bool):
            text = f"{value:,}"
        elif isinstance(value, float):
            text = f"{value:g}"
        else:
            return str(value)
        return f"{text} {self._unit}" if self._unit else text


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return list(a) == list(b)
    return a is b if a is None or b is None else bool(a == b)


def _number(text: str, *, whole: bool) -> Any:
    plain = text.replace(",", "").replace(" ", "").replace("\u202f", "").replace("_", "")
    shortened = {"k": 1e3, "M": 1e6}.get(plain[-1:], 0.0)
    try:
        number = float(plain[:-1]) * shortened if shortened else float(plain)
    except ValueError:
        return text
    if whole:
        return int(number) if number.is_integer() else text
    return number


class SeveralField(Field):
    """Any of a few, each with its sentence."""

    def __init__(self, themes: ThemeManager, parameter: Parameter) -> None:
        group = QWidget()
        box = QVBoxLayout(group)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(themes.theme.space("xs"))
        super().__init__(themes, tr(parameter.label), group, tr(parameter.help))
        self._checks: dict[str, QCheckBox] = {}
        for choice in parameter.choices:
            check = QCheckBox(tr(choice.label))
            check.setToolTip(tr(choice.help))
            check.setAccessibleDescription(tr(choice.help))
            check.clicked.connect(lambda _on: self.changed.emit())
            self._checks[choice.value] = check
            box.addWidget(check)

    def value(self) -> list[str]:
        """Keys of what is on, in the order declared."""
        return [key for key, check in self._checks.items() if check.isChecked()]

    def set_value(self, value: Any) -> None:
        """Switch them."""
        for key, check in self._checks.items():
            check.setChecked(key in (value or ()))


class LinesField(TextField):
    """A list, one entry a line; with ``browse`` entries are files that can be chosen."""

    def __init__(
        self, themes: ThemeManager, parameter: Parameter, browse: Callable[[], list[Path]] | None = None
    ) -> None:
        super().__init__(themes, tr(parameter.label), tr(parameter.help), lines=3)
        self._browse = browse
        if browse is not None:
            button = Button(themes, tr("Add files…"), "file-plus")
            button.clicked.connect(self._add)
            self.row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)

    def value(self) -> Any:
        """The lines that hold something."""
        return [line.strip() for line in str(super().value()).splitlines() if line.strip()]

    def set_value(self, value: Any) -> None:
        """Show a list."""
        super().set_value("\n".join(str(part) for part in value or ()))

    def _add(self) -> None:
        assert self._browse is not None
        found = self._browse()
        if found:
            self.set_value([*self.value(), *(str(path) for path in found)])
            self.changed.emit()


class FileField(TextField):
    """One file, or none."""

    def __init__(self, themes: ThemeManager, parameter: Parameter, browse: Callable[[], list[Path]]) -> None:
        super().__init__(themes, tr(parameter.label), tr(parameter.help), placeholder=tr("none"))
        self._browse = browse
        button = Button(themes, tr("Browse…"), "folder-open")
        button.setAccessibleName(tr("Browse for: {name}", name=tr(parameter.label)))
        button.clicked.connect(self._ask)
        self.row.addWidget(button)

    def value(self) -> Any:
        """The path as it stands, None for none."""
        return str(super().value()).strip() or None

    def set_value(self, value: Any) -> None:
        """Show a path."""
        super().set_value(value or "")

    def _ask(self) -> None:
        found = self._browse()
        if found:
            self.set_value(str(found[0]))
            self.changed.emit()


def make_field(themes: ThemeManager, parameter: Parameter, pick: Callable[[str, str], list[Path]]) -> Field:
    """The field for a parameter. ``pick(title, filters)`` asks the user for files."""
    name, help_text = tr(parameter.label), tr(parameter.help)
    if parameter.kind == "bool":
        return CheckField(themes, name, help_text)
    if parameter.kind == "choice":
        return ChoiceField(themes, name, [(c.value, tr(c.label)) for c in parameter.choices], help_text)
    if parameter.kind == "names":
        return SeveralField(themes, parameter)
    if parameter.kind == "bindings":
        return LinesField(themes, parameter)
    if parameter.kind == "paths":
        return LinesField(
            themes,
            parameter,
            lambda: pick(tr("Choose sounds"), tr("Sounds (*.wav *.flac *.aif *.aiff *.mp3 *.ogg)")),
        )
    if parameter.kind == "path":
        return FileField(
            themes, parameter, lambda: pick(tr("Choose a checkpoint"), tr("Checkpoints (*.ckpt)"))
        )
    if parameter.kind == "text" and not parameter.usual:
        return TextField(themes, name, help_text, lines=3 if parameter.key == "description" else 1)
    return ValueField(themes, parameter)
