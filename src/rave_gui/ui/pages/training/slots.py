"""The parts of Training beside the list of runs: comparing runs, configurations. Each is imported when it is first shown."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from rave_gui.i18n import N_
from rave_gui.ui.i18n import tr
from rave_gui.ui.widgets.basic import Segments

if TYPE_CHECKING:
    from rave_gui.ui.shell.session import Session

_PAGES = "rave_gui.ui.pages"


@dataclass(frozen=True)
class Slot:
    """A part before it is made. ``target`` is ``module:Class``, a QWidget made with the session.

    The class may have what a :class:`~rave_gui.ui.shell.page.Page` has: ``actions_here``, ``built``, ``enter``, ``leave``,
    ``project_changed``, ``data_changed``, ``services_ready``; ``take_focus`` puts the focus where work begins.
    """

    key: str
    title: str
    target: str

    @property
    def there(self) -> bool:
        """Whether its module is part of this installation."""
        try:
            return importlib.util.find_spec(self.target.partition(":")[0]) is not None
        except ModuleNotFoundError:
            return False


RUNS = "runs"
SLOTS = (
    Slot("compare", N_("Compare"), f"{_PAGES}.experiments.view:ExperimentsView"),
    Slot("configs", N_("Configurations"), f"{_PAGES}.configs.view:ConfigsView"),
)


class Slots(QStackedWidget):
    """The list of runs and the other parts, one at a time; :attr:`tabs` chooses. ``chosen`` carries the key of what is shown."""

    chosen = Signal(str)

    def __init__(self, session: Session, runs: QWidget, add_actions: Callable[[Sequence[Any]], None]) -> None:
        """``add_actions`` registers what a part can do, once it is made."""
        super().__init__()
        self._session, self._add_actions = session, add_actions
        self._slots = {slot.key: slot for slot in SLOTS if slot.there}
        self._views: dict[str, Any] = {RUNS: runs}
        self.addWidget(runs)
        self.key = RUNS
        options = [(RUNS, tr("Runs")), *((slot.key, tr(slot.title)) for slot in self._slots.values())]
        self.tabs = Segments(options, tr("Part of Training"))
        self.tabs.set(RUNS)
        self.tabs.chosen.connect(self.show_part)

    @property
    def keys(self) -> list[str]:
        """What can be shown."""
        return [RUNS, *self._slots]

    def view(self, key: str) -> Any:
        """A part that was made, otherwise None."""
        return self._views.get(key)

    def show_part(self, key: str, where: dict[str, Any] | None = None) -> None:
        """Bring a part to the front (made now if it has not been) and tell it what to show."""
        if key != RUNS and key not in self._slots:
            return
        if key not in self._views:
            self._make(self._slots[key])
        old, view = self._views[self.key], self._views[key]
        if old is not view:
            _tell(old, "leave")
        self.key = key
        self.tabs.set(key)
        self.setCurrentWidget(view)
        if key != RUNS:
            _tell(view, "enter", where or {})
        self.chosen.emit(key)

    def tell(self, event: str, *args: Any) -> None:
        """Pass on to the made parts what the page was told."""
        for key, view in self._views.items():
            if key != RUNS:
                _tell(view, event, *args)

    def leave(self) -> None:
        """The page is left: so is what is shown of it."""
        _tell(self._views[self.key], "leave")

    def take_focus(self) -> None:
        """Put the focus where work begins."""
        _tell(self._views[self.key], "take_focus")

    def _make(self, slot: Slot) -> None:
        module, _, name = slot.target.partition(":")
        view = getattr(importlib.import_module(module), name)(self._session)
        self._views[slot.key] = view
        self.addWidget(view)
        actions = getattr(view, "actions_here", None)
        if actions is not None:
            self._add_actions(actions())
        _tell(view, "built")
        if self._session.services is not None:
            _tell(view, "services_ready")
        if self._session.project is not None:
            _tell(view, "project_changed")


def _tell(view: Any, event: str, *args: Any) -> None:
    method = getattr(view, event, None)
    if method is not None:
        method(*args)
