"""What a run was trained with, and what it has left on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QWidget

from rave_gui.ui import words
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.pages.training.runs import moment
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, Card, Segments, label
from rave_gui.ui.widgets.table import Column, Table
from rave_gui.viewmodels.run import Checkpoint, RunModel, Transfer


def value_words(value: Any) -> str:
    """A parameter's value as people read it."""
    if value is None:
        return tr("as configured")
    if isinstance(value, bool):
        return tr("on") if value else tr("off")
    if isinstance(value, (list, tuple)):
        return ", ".join(str(part) for part in value) or "–"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value) or "–"


class FactsView(QWidget):
    """Settings, the resolved configuration, what was taken over from another model; beside them the checkpoints.

    ``checkpoint_wanted`` carries the path of one to go on from.
    """

    checkpoint_wanted = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._model: RunModel | None = None
        self._shown: object = None
        space = session.themes.theme.space
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(space("m"))
        left = Card(session.themes)
        head = QHBoxLayout()
        self.kind = Segments(
            [
                ("settings", tr("Settings")),
                ("config", tr("Resolved configuration")),
                ("transfer", tr("Taken over")),
            ],
            tr("What is shown"),
        )
        self.kind.button("transfer").hide()
        self.kind.set("settings")
        self.kind.chosen.connect(self._choose)
        head.addWidget(self.kind)
        head.addStretch(1)
        left.box.addLayout(head)
        self.settings = Table(
            session.themes,
            tr("Settings"),
            [
                Column("name", tr("Setting"), lambda r: r[0], 220, strong=True),
                Column("value", tr("Value"), lambda r: r[1], tone=lambda r: "" if r[2] else "muted"),
            ],
            key=lambda r: r[0],
        )
        self.config = QPlainTextEdit()
        self.config.setReadOnly(True)
        self.config.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.config.setAccessibleName(tr("Resolved configuration"))
        self.config.setTabChangesFocus(True)
        self.config.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.config.hide()
        self._retheme()
        session.themes.changed.connect(self._retheme)
        left.box.addWidget(self.settings, 1)
        left.box.addWidget(self.config, 1)
        self.taken = label("", "body", wrap=True)
        self.layers = Table(
            session.themes,
            tr("Layers that began anew"),
            [
                Column("name", tr("Layer that began anew"), lambda r: r[0], strong=True),
                Column("shape", tr("Size there → here"), lambda r: r[1] or tr("only here"), 220),
            ],
            key=lambda r: r[0],
        )
        left.box.addWidget(self.taken)
        left.box.addWidget(self.layers, 1)
        self.taken.hide()
        self.layers.hide()
        row.addWidget(left, 3)
        right = Card(session.themes)
        self.about = label("", "muted", wrap=True)
        right.box.addWidget(label(tr("Checkpoints"), "lead"))
        right.box.addWidget(self.about)
        self.checkpoints = Table(
            session.themes,
            tr("Checkpoints"),
            [
                Column(
                    "step", tr("Step"), self._step, icon=lambda c: "star" if c.best else "save", strong=True
                ),
                Column("when", tr("Written"), lambda c: moment(c.modified), 120, sort=lambda c: c.modified),
                Column(
                    "size", tr("Size"), lambda c: words.size(c.size), 90, right=True, sort=lambda c: c.size
                ),
            ],
            key=lambda c: str(c.path),
        )
        self.checkpoints.opened.connect(lambda row: self.checkpoint_wanted.emit(row.path))
        self.checkpoints.chosen.connect(self._checkpoint_chosen)
        right.box.addWidget(self.checkpoints, 1)
        self.kept = label("", "caption", wrap=True)
        right.box.addWidget(self.kept)
        self.go_on = Button(
            session.themes,
            tr("Go on from this one…"),
            "play",
            tip=tr("Train further from the chosen checkpoint"),
        )
        self.go_on.clicked.connect(self._go_on)
        right.box.addWidget(self.go_on)
        row.addWidget(right, 2)

    def show_run(self, model: RunModel) -> None:
        """Show another run."""
        self._model, self._shown = model, None
        self.kind.set("settings")
        self._choose("settings")
        self.refresh()

    def refresh(self) -> None:
        """Show what is known now."""
        model = self._model
        if model is None:
            return
        shown = (dict(model.facts.params), model.facts.config, model.files, model.active)
        if shown == self._shown:
            return
        self._shown = shown
        self.settings.set_rows(_settings(model.facts.params))
        self.config.setPlainText(model.facts.config)
        files = model.files
        self.checkpoints.set_rows(files.checkpoints[::-1])
        if files.checkpoints:
            self.about.setText(
                tr(
                    "{count}, {size} in all.",
                    count=trn("{n} checkpoint", "{n} checkpoints", len(files.checkpoints)),
                    size=words.size(files.size),
                )
            )
        else:
            self.about.setText(tr("None yet. One is written now and then, and when the training is stopped."))

        self.kept.setText(retention_words(model.facts.params))
        self.kept.setVisible(bool(self.kept.text()))
        transfer = files.transfer
        self.kind.button("transfer").setVisible(transfer is not None)
        if transfer is not None:
            self.taken.setText(_taken_words(transfer))
            self.layers.set_rows(list(transfer.layers))
        self._checkpoint_chosen()

    def _checkpoint_chosen(self) -> None:
        model, row = self._model, self.checkpoints.one()
        self.go_on.setVisible(model is not None and not model.active and bool(model.files.checkpoints))
        self.go_on.setEnabled(row is not None)

    def _go_on(self) -> None:
        row: Checkpoint | None = self.checkpoints.one()
        if row is not None:
            self.checkpoint_wanted.emit(row.path)

    def _step(self, row: Checkpoint) -> str:
        step = f"{row.step:,}" if row.step is not None else row.path.stem
        return tr("Best on held-out sound") if row.best else step

    def _choose(self, key: str) -> None:
        self.settings.setVisible(key == "settings")
        self.config.setVisible(key == "config")
        for part in (self.taken, self.layers):
            part.setVisible(key == "transfer")

    def _retheme(self) -> None:
        from rave_gui.ui.theme import fonts

        font = fonts.mono_font(self._session.themes.theme)
        families = ", ".join(f'"{f}"' for f in font.families())
        self.config.setStyleSheet(f"font-family: {families}; font-size: {font.pixelSize()}px;")


def retention_words(params: Mapping[str, Any]) -> str:
    """Which checkpoints stay, from the settings of the run; empty for one from elsewhere."""
    if "keep_last" not in params:
        return ""
    kept = params["keep_last"]
    parts = [
        trn(
            "The newest one stays, with the best, the one before phase 2 and the last.",
            "The newest {n} stay, with the best, the one before phase 2 and the last.",
            kept,
        )
        if kept
        else tr("All of them stay.")
    ]
    every = params.get("milestone_every")
    if every and kept:
        parts.append(tr("One every {n} steps stays for good.", n=f"{every:,}"))
    free = params.get("keep_free")
    if free:
        parts.append(
            tr("Older ones go sooner when less than {size} of the disk are free.", size=words.size(free))
        )
    return " ".join(parts)


def _taken_words(transfer: Transfer) -> str:
    names = {"encoder": tr("encoder"), "decoder": tr("decoder"), "discriminator": tr("discriminator")}
    shares = ", ".join(f"{names.get(part, part)} {share:.0%}" for part, share in transfer.parts)
    return tr("Weights taken over from {source}: {shares}.", source=transfer.source, shares=shares)


def _settings(params: Any) -> Sequence[tuple[str, str, bool]]:
    """Rows of (name, value, differs from the default) in the order of the form; nothing for a run from elsewhere."""
    if not params:
        return []
    from rave_gui.training.parameters import PARAMETERS, from_fields

    values = from_fields(params)
    return [
        (tr(item.label), value_words(values[item.key]), values[item.key] != item.default)
        for item in PARAMETERS
        if item.key != "name"
    ]
