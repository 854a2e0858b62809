"""One model: what it is, and tabs to listen to it, to choose among its checkpoints, to go through its takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.models.checkpoints import CheckpointsPanel, checkpoint_name, checkpoint_note
from rave_gui.ui.pages.models.listen import ListenPanel
from rave_gui.ui.shell.actions import ActionButton
from rave_gui.ui.widgets.basic import Card, Chip, ElidedLabel, IconButton, Segments, Stat, label
from rave_gui.ui.widgets.job_line import JobStrip
from rave_gui.ui.widgets.takes import TakesPanel
from rave_gui.viewmodels.models import Detail

if TYPE_CHECKING:
    from rave_gui.models.actions import Checkpoint
    from rave_gui.ui.shell.session import Session

TABS = ("listen", "checkpoints", "takes")
NARROW = 600
"""Pixels at 100 % below which quiet buttons keep their icons only."""


class ModelDetail(QWidget):
    """Right half of the page. ``checkpoint_changed``: another checkpoint counts from now on."""

    checkpoint_changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.detail: Detail | None = None
        self.checkpoint: Checkpoint | None = None
        self.measure: ActionButton | None = None
        themes = session.themes
        theme = themes.theme
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(theme.space("m"))
        self.top = Card(themes)
        box.addWidget(self.top)
        head = QHBoxLayout()
        head.setSpacing(theme.space("s"))
        self.name = ElidedLabel("", "lead")
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.draft = Chip()
        head.addWidget(self.name, 1)
        head.addWidget(self.draft)
        self.top.box.addLayout(head)
        facts = QHBoxLayout()
        facts.setSpacing(theme.space("xl"))
        self.stats = {
            "rate": Stat(tr("Sample rate")),
            "channels": Stat(tr("Channels")),
            "latents": Stat(tr("Latents")),
            "frame": Stat(tr("Latent frame")),
            "config": Stat(tr("Configuration")),
        }
        for stat in self.stats.values():
            facts.addWidget(stat)
        facts.addStretch(1)
        self.top.box.addLayout(facts)
        bar = QHBoxLayout()
        bar.setSpacing(theme.space("s"))
        self.pick = QComboBox()
        self.pick.setAccessibleName(tr("Checkpoint"))
        self.pick.setToolTip(tr("The checkpoint that everything on this page uses"))
        self.pick.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.pick.setMinimumContentsLength(12)
        self.pick.setMaximumWidth(theme.px(360))
        self.pick.activated.connect(lambda _i: self.use(self.pick.currentData()))
        self.caption = label(tr("Checkpoint"), "muted")
        self.caption.setBuddy(self.pick)
        bar.addWidget(self.caption)
        bar.addWidget(self.pick, 1)
        bar.addStretch(1)
        self.buttons = bar
        self.top.box.addLayout(bar)
        self.jobs = JobStrip(session)
        box.addWidget(self.jobs)
        self.tabs = Segments(
            [
                ("listen", tr("Listen")),
                ("checkpoints", tr("Checkpoints")),
                ("takes", tr("Takes")),
            ],
            tr("What is shown"),
        )
        self.tabs.chosen.connect(self.show_tab)
        box.addWidget(self.tabs)
        self.stack = QStackedWidget()
        self.listen = ListenPanel(session)
        self.checkpoints = CheckpointsPanel(session)
        self.takes = TakesPanel(
            session,
            tr("Every file that you render with this model, and every evaluation, is kept here."),
            with_model=False,
        )
        for widget in (self.listen, self.checkpoints, self.takes):
            self.stack.addWidget(widget)
        box.addWidget(self.stack, 1)
        self.checkpoints.opened.connect(self._chosen)
        self.show_tab("listen")

    def add_buttons(self, registry: Any, menu: IconButton) -> None:
        """Buttons for the actions of the page, once they are registered."""
        themes = self._session.themes
        self.measure = ActionButton(themes, registry, "models.measure")
        self.buttons.addWidget(self.measure)
        self.render_button = ActionButton(themes, registry, "models.render", "primary")
        self.buttons.addWidget(self.render_button)
        self.buttons.addWidget(menu)
        themes.changed.connect(self._fit)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self.measure is not None:
            narrow = self.width() < self._session.themes.theme.px(NARROW)
            self.measure.set_compact(narrow)
            self.render_button.set_compact(narrow)
            self.caption.setVisible(not narrow)

    @property
    def tab(self) -> str:
        """Key of the tab in front."""
        return TABS[self.stack.currentIndex()]

    def show_tab(self, key: str) -> None:
        """Bring ``listen``, ``checkpoints`` or ``takes`` to the front."""
        self.tabs.set(key)
        self.stack.setCurrentIndex(TABS.index(key))
        self._session.actions.refresh()

    def show_detail(self, detail: Detail, keep: Path | None) -> None:
        """Show a model; the checkpoint at ``keep`` stays chosen where it still is."""
        self.detail = detail
        self.name.setText(detail.run.name)
        self.pick.blockSignals(True)
        self.pick.clear()
        for checkpoint in detail.checkpoints:
            note = checkpoint_note(checkpoint)
            text = checkpoint_name(checkpoint)
            self.pick.addItem(f"{text}  ·  {note}" if note else text, checkpoint)
        self.pick.blockSignals(False)
        self.checkpoints.show_checkpoints(detail.checkpoints)
        self.takes.show_takes(detail.takes)
        config = detail.config
        self.stats["rate"].set(f"{config.sample_rate / 1000:g} kHz" if config.sample_rate else "")
        self.stats["channels"].set(_channels(config.channels))
        self.stats["latents"].set(str(config.latent_size) if config.latent_size else "")
        self.stats["frame"].set(_frame(config.ratio, config.sample_rate))
        self.stats["config"].set(", ".join(detail.run.configs[:3]))
        self.use(detail.checkpoint(keep) or detail.checkpoint(None))

    def show_facts(self, checkpoint: Path, facts: dict[str, Any]) -> None:
        """What the engine read of a checkpoint, if it is still the chosen one."""
        if self.checkpoint is None or self.checkpoint.path != checkpoint:
            return
        self.stats["rate"].set(f"{facts['sample_rate'] / 1000:g} kHz")
        self.stats["channels"].set(_channels(facts["channels"]))
        table = facts.get("fidelity") or {}
        used = table.get("0.95")
        size = facts["latent_size"]
        self.stats["latents"].set(tr("{used} of {size}", used=used, size=size) if used else str(size))
        self.stats["latents"].setToolTip(
            tr("{used} of {size} latents hold 95 % of what varies in the sound.", used=used, size=size)
            if used
            else ""
        )
        self.stats["frame"].set(_frame(facts["ratio"], facts["sample_rate"]))
        if facts.get("configs"):
            self.stats["config"].set(", ".join(facts["configs"][:3]))
        self._say_phase(facts.get("phase"))

    def use(self, checkpoint: Checkpoint | None) -> None:
        """Everything on the page uses this checkpoint from now on."""
        self.checkpoint = checkpoint
        if checkpoint is None:
            return
        index = next(
            (i for i in range(self.pick.count()) if self.pick.itemData(i).path == checkpoint.path), -1
        )
        self.pick.setCurrentIndex(index)
        self._say_phase(checkpoint.phase)
        self.checkpoint_changed.emit()

    def _say_phase(self, phase: int | None) -> None:
        if phase == 1:
            self.draft.set(tr("Draft: phase 1"), "warning")
            self.draft.setToolTip(
                tr(
                    "Phase 1 learns to describe and rebuild the sound; phase 2, which makes it sound natural, has not begun. "
                    "Go on with the training for a model to perform with."
                )
            )
        elif phase == 2:
            self.draft.set(tr("Phase 2"), "success")
            self.draft.setToolTip(tr("Trained with the discriminator, which makes it sound natural."))
        else:
            self.draft.set("")

    def _chosen(self, checkpoint: Checkpoint) -> None:
        self.use(checkpoint)
        self.show_tab("listen")


def _channels(count: int | None) -> str:
    if not count:
        return ""
    return {1: tr("Mono"), 2: tr("Stereo")}.get(count, str(count))


def _frame(ratio: int | None, rate: int | None) -> str:
    if not ratio:
        return ""
    return tr("{ms} ms", ms=f"{1000 * ratio / rate:.0f}") if rate else str(ratio)
