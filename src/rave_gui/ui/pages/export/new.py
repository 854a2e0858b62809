"""Make an export: of which model, for which host, how."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from rave_gui.errors import UserError
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.models.checkpoints import checkpoint_name, checkpoint_note
from rave_gui.ui.widgets.basic import Banner, Button, Card, label
from rave_gui.ui.widgets.choice_card import ChoiceCard
from rave_gui.ui.widgets.fields import CheckField, ChoiceField, TextField
from rave_gui.viewmodels import exports
from rave_gui.viewmodels.exports import TARGETS

if TYPE_CHECKING:
    from rave_gui.models.actions import Checkpoint
    from rave_gui.ui.bridge import Task
    from rave_gui.ui.shell.session import Session
    from rave_gui.workspace.listing import RunRow

FIDELITIES = (0.8, 0.9, 0.95, 0.99, 0.999, 1.0)
USUAL = 0.95


class NewExport(QWidget):
    """A form. ``submitted`` carries the arguments of ``exports.actions.run`` (``model`` among them); ``left``: not now."""

    submitted = Signal(dict)
    left = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._runs: dict[str, RunRow] = {}
        self._checkpoints: tuple[Checkpoint, ...] = ()
        self._facts: dict[str, Any] = {}
        self._wanted: Path | None = None
        self._named = False
        self._reading: Task | None = None
        themes = session.themes
        theme = themes.theme
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(theme.space("m"))
        page = QWidget()
        box = QVBoxLayout(page)
        box.setContentsMargins(0, 0, theme.space("xs"), 0)
        box.setSpacing(theme.space("l"))
        self.refused = Banner(themes)
        self.refused.hide()
        outer.addWidget(self.refused)
        box.addWidget(self._model_card())
        box.addWidget(self._target_card())
        box.addWidget(self._option_card())
        box.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(page)
        outer.addWidget(area, 1)
        foot = QHBoxLayout()
        foot.setSpacing(theme.space("s"))
        foot.addWidget(label(tr("The file gets its name only after it has passed every test."), "caption"), 1)
        self.cancel = Button(themes, tr("Cancel"))
        self.cancel.clicked.connect(self.left)
        self.main = Button(themes, tr("Export"), "package", "primary")
        self.main.clicked.connect(self.submit)
        foot.addWidget(self.cancel)
        foot.addWidget(self.main)
        outer.addLayout(foot)
        self._target_changed()

    # What there is

    def begin(self, runs: Sequence[RunRow], model: Path | None = None) -> None:
        """A new form; ``model`` is the checkpoint that is wanted."""
        self.refused.hide()
        self.main.setEnabled(True)
        self._named = False
        self._wanted = model
        self._runs = {row.name: row for row in runs}
        self.run.set_options([(row.name, row.name) for row in runs])
        if model is not None:
            owner = next((row.name for row in runs if model.is_relative_to(row.path)), None)
            if owner is not None:
                self.run.set_value(owner)
        self._run_changed()
        self.run.setFocus(Qt.FocusReason.OtherFocusReason)

    def _run_changed(self) -> None:
        row = self._runs.get(str(self.run.value()))
        if row is None:
            return
        if not self._named:
            self.name.set_value(row.name)

        def done(found: tuple[Checkpoint, ...]) -> None:
            self._checkpoints = found
            self.checkpoint.set_options([(str(c.path), _checkpoint_words(c)) for c in found])
            chosen = next((c for c in found if c.path == self._wanted), None)
            chosen = chosen or next((c for c in found if c.newest), found[0] if found else None)
            self._wanted = None
            if chosen is not None:
                self.checkpoint.set_value(str(chosen.path))
            self._checkpoint_changed()

        self._session.call(lambda: exports.checkpoints(row), done)

    def _chosen(self) -> Checkpoint | None:
        return next((c for c in self._checkpoints if str(c.path) == self.checkpoint.value()), None)

    def _checkpoint_changed(self) -> None:
        chosen = self._chosen()
        self._facts = {}
        self._say_phase(chosen.phase if chosen else None)
        self._show_facts()
        services, project = self._session.services, self._session.project
        if chosen is None or services is None or project is None or not self._session.engine.ready:
            return
        from rave_gui.models import actions

        path = chosen.path
        if self._reading is not None:
            self._reading.cancel()

        def done(facts: dict[str, Any]) -> None:
            self._reading = None
            self._facts = facts
            self._say_phase(facts.get("phase"))
            self._show_facts()

        def failed(error: Exception) -> None:
            self._reading = None
            if not isinstance(error, (UserError, OSError)):
                raise error
            if isinstance(error, UserError):
                self.refuse(error)

        self._reading = self._session.call(lambda: actions.facts(services, project, path), done, failed)

    def _say_phase(self, phase: int | None) -> None:
        if phase == 1:
            self.warning.show_message(
                "warning",
                tr("This checkpoint is a draft"),
                tr(
                    "It was saved in phase 1, before the training for natural sound began. The export works, but sounds dull or noisy."
                ),
            )
        else:
            self.warning.hide()

    def _show_facts(self) -> None:
        facts = self._facts
        table, size = facts.get("fidelity"), facts.get("latent_size")
        options = []
        for value in FIDELITIES:
            count = size if value == 1.0 else exports.latents_for(table, value)
            share = f"{value * 100:g} %"
            if value == 1.0:
                share = tr("100 % (all latents)")
            elif count and size:
                share = tr("{share}: {count} of {size} latents", share=share, count=count, size=size)
            options.append((value, share))
        self.fidelity.set_options(options)
        if facts and not table:
            self.fidelity.set_help(
                tr("Nothing is known of this model's latents, so all of them are exported.")
            )
        else:
            self.fidelity.set_help(
                tr("How much of what varies in the sound the latents keep. Fewer are easier to play.")
            )
        rate = facts.get("sample_rate") or 44100
        self.rate.set_options(
            [(n, _rate_words(rate * n, n)) for n in (1, 2, 4)] if facts else [(1, tr("The model's own"))]
        )
        self.ema.setVisible(bool(facts.get("ema")))
        self._target_changed()

    def _target(self) -> exports.Target:
        return next((t for t in TARGETS if self.cards[t.key].isChecked()), TARGETS[0])

    def _target_changed(self) -> None:
        target = self._target()
        self.note.setText(
            ""
            if target.real_time
            else tr("Real-time hosts need the other kinds: this file answers whole sounds only.")
        )
        self.note.setVisible(not target.real_time)
        channels = self._facts.get("channels")
        wide = target.key == "vst" and isinstance(channels, int) and channels > 2
        if wide:
            self.note.setText(tr("The plugin takes one or two channels; this model has {n}.", n=channels))
            self.note.setVisible(True)

    # Making it

    def submit(self) -> None:
        """Ask for the export."""
        chosen = self._chosen()
        if chosen is None or not self.main.isEnabled():
            return
        self.refused.hide()
        self.main.setEnabled(False)
        target = self._target()
        times = int(self.rate.value() or 1)
        rate = self._facts.get("sample_rate")
        self.submitted.emit(
            {
                "model": str(chosen.path),
                "name": self.name.value().strip() if self._named else None,
                "streaming": target.real_time,
                "fidelity": float(self.fidelity.value() or USUAL),
                "sample_rate": rate * times if rate and times > 1 else None,
                "ema": bool(self.ema.value()) and bool(self._facts.get("ema")),
                "target": target.key,
            }
        )

    def refuse(self, error: Exception) -> None:
        """Say why it was refused; the form stays as it is. Bugs are raised."""
        self.main.setEnabled(True)
        if not isinstance(error, (UserError, OSError)):
            raise error
        if isinstance(error, UserError):
            self.refused.show_message("danger", error.message, error.hint)
        else:
            self.refused.show_message("danger", str(error))

    # Parts

    def _model_card(self) -> QWidget:
        themes = self._session.themes
        card = Card(themes)
        card.box.addWidget(label(tr("Which model"), "lead"))
        row = QHBoxLayout()
        row.setSpacing(themes.theme.space("l"))
        self.run = ChoiceField(themes, tr("Model"), ())
        self.checkpoint = ChoiceField(themes, tr("Checkpoint"), ())
        self.run.changed.connect(self._run_changed)
        self.checkpoint.changed.connect(self._checkpoint_changed)
        row.addWidget(self.run, 1)
        row.addWidget(self.checkpoint, 1)
        card.box.addLayout(row)
        self.warning = Banner(themes)
        self.warning.hide()
        card.box.addWidget(self.warning)
        return card

    def _target_card(self) -> QWidget:
        themes = self._session.themes
        card = Card(themes)
        card.box.addWidget(label(tr("For which host"), "lead"))
        grid = QGridLayout()
        grid.setSpacing(themes.theme.space("m"))
        self.cards: dict[str, ChoiceCard] = {}
        group = QButtonGroup(self)
        for i, target in enumerate(TARGETS):
            made = ChoiceCard(themes, tr(target.title), tr(target.text), icon=target.icon)
            group.addButton(made)
            self.cards[target.key] = made
            grid.addWidget(made, i // 2, i % 2)
        self.note = label("", "caption", wrap=True)
        self.cards[TARGETS[0].key].setChecked(True)
        group.buttonClicked.connect(lambda _button: self._target_changed())
        card.box.addLayout(grid)
        card.box.addWidget(self.note)
        return card

    def _option_card(self) -> QWidget:
        themes = self._session.themes
        card = Card(themes)
        card.box.addWidget(label(tr("How"), "lead"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(themes.theme.space("l"))
        grid.setVerticalSpacing(themes.theme.space("m"))
        self.name = TextField(
            themes, tr("Name"), tr("The file's name in the host. Nothing is ever overwritten.")
        )
        self.name.changed.connect(self._renamed)
        self.fidelity = ChoiceField(themes, tr("Fidelity"), [(v, f"{v * 100:g} %") for v in FIDELITIES])
        self.fidelity.set_value(USUAL)
        self.rate = ChoiceField(
            themes,
            tr("Host's sample rate"),
            [(1, tr("The model's own"))],
            tr("A model can run at its own rate or at 2 or 4 times that."),
        )
        self.ema = CheckField(
            themes, tr("Use the averaged weights"), tr("Smoother: the mean of the last steps (EMA).")
        )
        self.ema.hide()
        for i, field in enumerate((self.name, self.fidelity, self.rate, self.ema)):
            grid.addWidget(field, i // 2, i % 2, Qt.AlignmentFlag.AlignTop)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        card.box.addLayout(grid)
        return card

    def _renamed(self) -> None:
        self._named = True


def _checkpoint_words(checkpoint: Checkpoint) -> str:
    note = checkpoint_note(checkpoint)
    name = checkpoint_name(checkpoint)
    return f"{name}  ·  {note}" if note else name


def _rate_words(rate: int, times: int) -> str:
    text = f"{rate / 1000:g} kHz"
    return tr("{rate} (the model's own)", rate=text) if times == 1 else text
