"""Which dataset's held-out sound a model is measured on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal

from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.widgets.fields import ChoiceField

if TYPE_CHECKING:
    from rave_gui.ui.shell.session import Session


class MeasureDialog(Dialog):
    """``accepted_dataset`` carries the name."""

    accepted_dataset = Signal(str)

    def __init__(self, session: Session, model: str, datasets: Sequence[str]) -> None:
        super().__init__(
            session,
            tr("Measure “{name}”", name=model),
            tr(
                "The model rebuilds sound that was kept out of the training. It is compared with an untrained model, noise and silence."
            ),
            action=tr("Measure"),
            icon="chart-bar",
        )
        self.dataset = ChoiceField(
            session.themes,
            tr("Dataset"),
            [(name, name) for name in datasets],
            tr("It is not known which one the model was trained on, or it is not in the project any more."),
        )
        self.box.addWidget(self.dataset)
        self.box.addStretch(1)

    def submit(self) -> None:
        """Take the choice."""
        self.accepted_dataset.emit(str(self.dataset.value()))
        self.accept()
