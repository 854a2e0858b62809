"""One export: what was tested, what it is, and how it is used in each host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QScrollArea,
    QStyle,
    QVBoxLayout,
    QWidget,
)

from rave_gui.ui import words
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.actions import ActionButton
from rave_gui.ui.theme import fonts
from rave_gui.ui.widgets.basic import (
    Button,
    Card,
    Chip,
    ElidedLabel,
    IconButton,
    IconLabel,
    Segments,
    Stat,
    label,
)
from rave_gui.ui.widgets.things import when
from rave_gui.viewmodels import exports
from rave_gui.viewmodels.exports import TARGETS, Check, Export

if TYPE_CHECKING:
    from rave_gui.ui.shell.session import Session

ICONS = {
    "ok": ("circle-check", "success"),
    "warn": ("triangle-alert", "warning"),
    "fail": ("circle-x", "danger"),
}


class ExportDetail(QScrollArea):
    """Cards below each other."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.export: Export | None = None
        self.target = TARGETS[0].key
        themes = session.themes
        theme = themes.theme
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        page = QWidget()
        box = QVBoxLayout(page)
        box.setContentsMargins(0, 0, theme.space("xs"), 0)
        box.setSpacing(theme.space("m"))
        box.addWidget(self._top())
        box.addWidget(self._tests())
        box.addWidget(self._use())
        box.addStretch(1)
        self.setWidget(page)
        themes.changed.connect(self._restyle)
        self._restyle()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As wide as its contents, which never scroll sideways."""
        page = self.widget()
        bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
        width = page.minimumSizeHint().width() if page is not None else 0
        return QSize(width + bar + 4, super().minimumSizeHint().height())

    def add_buttons(self, registry: Any, menu: IconButton) -> None:
        """Buttons for the actions of the page, once they are registered."""
        themes = self._session.themes
        for key in ("export.play", "export.reveal"):
            self.buttons.addWidget(ActionButton(themes, registry, key))
        self.test_head.addWidget(ActionButton(themes, registry, "export.verify"))
        self.buttons.addWidget(menu)

    def show_export(self, export: Export) -> None:
        """Show one."""
        self.export = export
        card, row = export.card, export.row
        self.name.setText(export.name)
        self.path.setText(str(row.file or row.path))
        found = exports.checks(card, export.test)
        bad = [c for c in found if c.state == "fail"]
        odd = [c for c in found if c.state == "warn"]
        if not found:
            self.state.set(tr("Not verified"), "warning")
        elif bad:
            self.state.set(tr("Does not work"), "danger")
        elif odd:
            self.state.set(tr("Verified, with a warning"), "warning")
        else:
            self.state.set(tr("Verified"), "success")
        self.draft.set(tr("Draft: phase 1") if card.get("phase") == 1 else "", "warning")
        self._show_facts(export)
        self._show_checks(found)
        self.tested.setText(
            tr("Tested {when}, with the file as it lies on the disk.", when=when(export.tested))
            if export.tested
            else tr("Tested when it was made.")
            if card
            else tr("This file has no card: it was made elsewhere. Verify it to see what a host will find.")
        )
        self.show_target(self.target)

    def show_target(self, key: str) -> None:
        """How the export is used in a host."""
        self.target = key
        self.hosts.set(key)
        export = self.export
        if export is None or export.row.file is None:
            return
        target = next(t for t in TARGETS if t.key == key)
        problem = exports.works_in(target, export.card)
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        guide = exports.guide(key, export.row.file, export.card)
        self.steps.setText("\n".join(f"{i}.  {step}" for i, step in enumerate(guide.steps, 1)))
        self.code.setPlainText(guide.code)
        lines = guide.code.count("\n") + 1
        self.code.setFixedHeight(
            self.code.fontMetrics().lineSpacing() * lines + self._session.themes.theme.px(34)
        )

    def _show_facts(self, export: Export) -> None:
        card = export.card
        rate, ratio = card.get("sample_rate"), card.get("ratio")
        used, size = card.get("latent_size"), card.get("full_latent_size")
        self.stats["rate"].set(f"{rate / 1000:g} kHz" if rate else "")
        self.stats["channels"].set(
            {1: tr("Mono"), 2: tr("Stereo")}.get(card.get("channels") or 0, str(card.get("channels") or ""))
        )
        self.stats["latents"].set(
            tr("{used} of {size}", used=used, size=size) if used and size else str(used or "")
        )
        latency = exports.latency_seconds(card)
        self.stats["latency"].set(tr("{ms} ms", ms=f"{latency * 1000:.0f}") if latency is not None else "")
        samples = (card.get("latency") or {}).get("samples")
        self.stats["latency"].setToolTip(
            tr(
                "{n} samples between input and output, and the host's buffer of at least {m} on top.",
                n=samples,
                m=ratio,
            )
            if samples is not None
            else ""
        )
        self.stats["size"].set(words.size(export.row.bytes))
        step = export.row.step
        source = [export.row.run or "–"]
        if step is not None:
            source.append(tr("step {n}", n=f"{step:,}"))
        self.stats["source"].set("  ·  ".join(source))

    def _show_checks(self, found: list[Check]) -> None:
        while self.grid.count():
            item = self.grid.takeAt(0)
            part = item.widget() if item is not None else None
            if part is not None:
                part.hide()
                part.deleteLater()
        for row, check in enumerate(found):
            icon, color = ICONS[check.state]
            self.grid.addWidget(IconLabel(self._session.themes, icon, color, 18), row, 0)
            self.grid.addWidget(label(check.text, wrap=True), row, 1)
            note = label(check.note, "muted", wrap=True)
            note.setAlignment(Qt.AlignmentFlag.AlignRight)
            self.grid.addWidget(note, row, 2)
        self.tests.setAccessibleName(tr("Tests: {list}", list=". ".join(c.text for c in found)))

    def _top(self) -> QWidget:
        themes = self._session.themes
        theme = themes.theme
        card = Card(themes)
        head = QHBoxLayout()
        head.setSpacing(theme.space("s"))
        self.name = ElidedLabel("", "lead")
        self.state, self.draft = Chip(), Chip()
        head.addWidget(self.name, 1)
        head.addWidget(self.draft)
        head.addWidget(self.state)
        card.box.addLayout(head)
        path = QHBoxLayout()
        self.path = ElidedLabel("", "muted", Qt.TextElideMode.ElideMiddle)
        self.copy = IconButton(themes, "copy", tr("Copy the file's path"))
        self.copy.clicked.connect(lambda: self._session.actions.trigger("export.copy"))
        path.addWidget(self.path, 1)
        path.addWidget(self.copy)
        card.box.addLayout(path)
        facts = QGridLayout()
        facts.setHorizontalSpacing(theme.space("xl"))
        facts.setVerticalSpacing(theme.space("m"))
        self.stats = {
            "source": Stat(tr("Made of")),
            "rate": Stat(tr("Sample rate")),
            "channels": Stat(tr("Channels")),
            "latents": Stat(tr("Latents")),
            "latency": Stat(tr("Latency")),
            "size": Stat(tr("Size")),
        }
        for i, stat in enumerate(self.stats.values()):
            facts.addWidget(stat, i // 3, i % 3)
        for column in range(3):
            facts.setColumnStretch(column, 1)
        card.box.addLayout(facts)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(theme.space("s"))
        self.buttons.addStretch(1)
        card.box.addLayout(self.buttons)
        return card

    def _tests(self) -> QWidget:
        themes = self._session.themes
        self.tests = Card(themes)
        self.test_head = QHBoxLayout()
        self.test_head.addWidget(label(tr("Tested as a host uses it"), "strong"), 1)
        self.tests.box.addLayout(self.test_head)
        self.grid = QGridLayout()
        self.grid.setHorizontalSpacing(themes.theme.space("m"))
        self.grid.setVerticalSpacing(themes.theme.space("s"))
        self.grid.setColumnStretch(1, 3)
        self.grid.setColumnStretch(2, 2)
        self.tests.box.addLayout(self.grid)
        self.tested = label("", "caption", wrap=True)
        self.tests.box.addWidget(self.tested)
        return self.tests

    def _use(self) -> QWidget:
        themes = self._session.themes
        card = Card(themes)
        card.box.addWidget(label(tr("Use it in"), "strong"))
        self.hosts = Segments([(t.key, tr(t.short)) for t in TARGETS], tr("Host"))
        self.hosts.chosen.connect(self.show_target)
        card.box.addWidget(self.hosts)
        self.problem = label("", "body", wrap=True)
        self.problem.setProperty("tone", "warning")
        card.box.addWidget(self.problem)
        self.steps = label("", "body", wrap=True, selectable=True)
        card.box.addWidget(self.steps)
        row = QHBoxLayout()
        row.setSpacing(themes.theme.space("s"))
        self.code = QPlainTextEdit()
        self.code.setReadOnly(True)
        self.code.setTabChangesFocus(True)
        self.code.setAccessibleName(tr("To be copied into the host"))
        self.code.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        row.addWidget(self.code, 1)
        self.copy_code = Button(themes, tr("Copy"), "copy")
        self.copy_code.clicked.connect(self._copy_code)
        row.addWidget(self.copy_code, 0, Qt.AlignmentFlag.AlignTop)
        card.box.addLayout(row)
        return card

    def _copy_code(self) -> None:
        QGuiApplication.clipboard().setText(self.code.toPlainText())
        self._session.tell(tr("Copied."))

    def _restyle(self) -> None:
        self.code.setFont(fonts.mono_font(self._session.themes.theme, "caption"))
        self.show_target(self.target)
