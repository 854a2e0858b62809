"""What a training tests itself on, and how much of that it has already heard: drawn, with examples to listen to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.shell.session import Session
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import Button, Card, Chip, label
from rave_gui.ui.widgets.flow import FlowGrid
from rave_gui.ui.widgets.table import Column, Table

if TYPE_CHECKING:
    from rave_gui.viewmodels.datasets import Entry

Part = tuple[str, int, str]
"""Colour role, count, words."""


class ShareBar(QWidget):
    """Parts of a whole in one line; their words are said beside it, and to screen readers here."""

    def __init__(self, themes: ThemeManager, name: str) -> None:
        super().__init__()
        self._themes, self._name = themes, name
        self._parts: Sequence[Part] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        themes.changed.connect(self.updateGeometry)

    def set_parts(self, parts: Sequence[Part]) -> None:
        """Show these, from left to right; what is zero takes no room."""
        self._parts = [part for part in parts if part[1]]
        self.setAccessibleDescription(", ".join(words for _role, _count, words in self._parts))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As high as a thick line."""
        return QSize(self._themes.theme.px(200), self._themes.theme.px(14))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        total = sum(count for _role, count, _words in self._parts)
        if not total:
            return
        theme = self._themes.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect())
        shape = QPainterPath()
        shape.addRoundedRect(box, box.height() / 2, box.height() / 2)
        painter.setClipPath(shape)
        gap, left = theme.px(2), 0.0
        for role, count, _words in self._parts:
            width = box.width() * count / total
            painter.fillRect(
                QRectF(left, 0, max(1.0, width - gap), box.height()), QColor(getattr(theme.colors, role))
            )
            left += width
        painter.end()


class Dot(QWidget):
    """A round mark in a colour role with words: an entry of a legend."""

    def __init__(self, themes: ThemeManager, role: str, words: str) -> None:
        super().__init__()
        self._themes, self._role = themes, role
        row = QHBoxLayout(self)
        row.setContentsMargins(themes.theme.px(18), 0, 0, 0)
        row.addWidget(label(words, "caption", wrap=True), 1)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        theme = self._themes.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(theme.colors, self._role)))
        size = theme.px(10)
        painter.drawEllipse(QRectF(0, (self.height() - size) / 2, size, size))
        painter.end()


def parts_of(found: dict[str, Any]) -> list[Part]:
    """The validation chunks of an audit in groups: equal to a training chunk, of a known recording, of a new one."""
    held, equal = int(found.get("validation") or 0), int(found.get("exact") or 0)
    known = max(equal, round(float(found.get("share") or 0.0) * held))
    rest = held - known
    parts = [
        ("danger", equal, trn("{n} equal to a training chunk", "{n} equal to training chunks", equal)),
        (
            "warning",
            known - equal,
            trn(
                "{n} from a recording that is trained on",
                "{n} from recordings that are trained on",
                known - equal,
            ),
        ),
    ]
    new = (
        trn("{n} from a recording never heard", "{n} from recordings never heard", rest)
        if found.get("known")
        else trn("{n} of unknown origin", "{n} of unknown origin", rest)
    )
    parts.append(("success" if found.get("known") else "muted", rest, new))
    return [part for part in parts if part[1]]


class SplitCard(Card):
    """``opened`` carries the number of a chunk that was asked for."""

    opened = Signal(int)

    def __init__(self, session: Session, entry: Callable[[], Entry | None]) -> None:
        """``entry``: the dataset that is shown."""
        super().__init__(session.themes)
        self._session, self._entry = session, entry
        themes = session.themes
        head = QHBoxLayout()
        head.setSpacing(themes.theme.space("s"))
        head.addWidget(label(tr("What a training tests itself on"), "lead"))
        self.chip = Chip()
        head.addWidget(self.chip)
        self.chip.set("")
        head.addStretch(1)
        self.button = Button(themes, tr("Look into the split"), "split")
        self.button.clicked.connect(self.audit)
        head.addWidget(self.button)
        self.box.addLayout(head)
        self.text = label("", "body", wrap=True)
        self.box.addWidget(self.text)
        self.bar = ShareBar(themes, tr("Where the chunks come from that a training tests itself on"))
        self.box.addWidget(self.bar)
        self.legend = FlowGrid(themes, 220, most=3)
        self.box.addWidget(self.legend)
        self.advice = label("", "muted", wrap=True)
        self.box.addWidget(self.advice)
        self.examples = Table(
            themes,
            tr("Examples of such chunks"),
            [
                Column("chunk", tr("Chunk"), lambda e: f"{e['index']:,}", 96, sort=lambda e: e["index"]),
                Column("source", tr("Recording"), lambda e: PurePath(e["source"]).name or "–", tip=lambda e: e["source"]),
                Column("why", tr("Why the training knows it"), lambda e: _why(e["why"]), 330),
            ],
            key=lambda e: e["index"],
        )  # fmt: skip
        self.examples.setMinimumHeight(themes.theme.px(170))
        self.examples.opened.connect(lambda example: self.opened.emit(int(example["index"])))
        self.box.addWidget(self.examples)
        self.clear()

    def clear(self) -> None:
        """Nothing is known yet."""
        self.chip.set("")
        self.text.setText(
            tr(
                "A training keeps about 2 % of the chunks apart and tests the model on them. When they come from recordings that it "
                "also learns from, the test looks better than the model is."
            )
        )
        for part in (self.bar, self.legend, self.advice, self.examples):
            part.hide()

    def audit(self) -> None:
        """Look into RAVE's split."""
        services, project, entry = self._session.services, self._session.project, self._entry()
        if services is None or entry is None:
            return
        path = project.path if project is not None else None
        self.button.setEnabled(False)

        def work() -> Any:
            from rave_gui.datasets import actions

            return actions.split_audit(services, entry.path, path)

        def done(found: dict[str, Any]) -> None:
            self.button.setEnabled(True)
            now = self._entry()
            if now is not None and now.path == entry.path:
                self._show(found)

        def failed(error: Exception) -> None:
            self.button.setEnabled(True)
            self._session.fail(error)

        self._session.call(work, done, failed)

    def _show(self, found: dict[str, Any]) -> None:
        share = float(found.get("share") or 0.0)
        if found.get("known"):
            self.chip.set(
                tr("{share} of the test is known to the training", share=f"{share:.0%}"),
                "success" if share < 0.05 else "warning",
            )
        self.text.setText(str(found.get("message", "")))
        self.advice.setText(str(found.get("advice", "")))
        parts = parts_of(found)
        self.bar.set_parts(parts)
        self.legend.set_things([Dot(self._session.themes, role, words) for role, _count, words in parts])
        examples = list(found.get("examples") or [])
        self.examples.set_rows(examples)
        for part, on in (
            (self.bar, bool(parts)),
            (self.legend, bool(parts)),
            (self.advice, bool(self.advice.text())),
            (self.examples, bool(examples)),
        ):
            part.setVisible(on)
        self.legend.arrange()


def _why(code: str) -> str:
    return {
        "equal": tr("Equal to a chunk it learns from"),
        "adjacent": tr("The piece before or after it is learned"),
        "same-source": tr("The recording is learned, too"),
    }.get(code, code)
