"""What a page is to the window."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from rave_gui.i18n import N_
from rave_gui.ui.shell.actions import Action, ActionButton
from rave_gui.ui.widgets.basic import ElidedLabel, label

if TYPE_CHECKING:
    from psygnal import SignalInstance

    from rave_gui.ui.bridge import Stop
    from rave_gui.ui.shell.session import Session


class Page(QWidget):
    """Base of every page. A page builds its widgets in ``__init__``, quickly and without touching the disk: data comes through
    ``session.call`` and is shown when it is there.
    """

    key = ""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._missed: list[Callable[[], None]] = []
        self.setObjectName("page")

    def actions_here(self) -> Sequence[Action]:
        """What can be done on this page; registered once, right after the page was made."""
        return ()

    def built(self) -> None:
        """The page's actions are registered: buttons can be made from them (``PageHead.add_action``). Called once."""

    def enter(self, where: dict[str, Any]) -> None:
        """The page is shown now. ``where`` says what to show: ``session.go("training", run="voice")``; mostly it is empty."""

    def leave(self) -> None:
        """Another page is shown now, or the window closes: stop what only serves the eye or ear."""

    def project_changed(self) -> None:
        """Another project is open (``session.project``, may be None). Called on every page that was made, shown or not."""

    def data_changed(self, topics: frozenset[str]) -> None:
        """Something in the project has changed on disk, whoever did it: ``datasets``, ``runs``, ``exports``, ``takes``, ``jobs``, ``project``."""

    def services_ready(self) -> None:
        """``session.services`` is there from now on."""

    def when_seen(self, changed: SignalInstance, update: Callable[[], None]) -> None:
        """Call ``update`` when ``changed`` is emitted; while the page is not seen, once when it is shown again."""

        def told(*_: object) -> None:
            if self.isVisible():
                update()
            elif update not in self._missed:
                self._missed.append(update)

        changed.connect(told)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """What was missed is made good."""
        super().showEvent(event)
        missed, self._missed = self._missed, []
        for update in missed:
            update()


class PageHead(QWidget):
    """Title and subtitle on the left, the page's main actions on the right (the last one primary)."""

    def __init__(self, session: Session, title: str, subtitle: str = "") -> None:
        super().__init__()
        self._session = session
        space = session.themes.theme.space
        self.buttons: list[ActionButton] = []
        session.actions.refreshed.connect(self._fit)
        session.themes.changed.connect(self._fit)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(space("s"))
        words = QVBoxLayout()
        words.setSpacing(2)
        self.title = label(title, "title")
        self.subtitle = ElidedLabel(subtitle, "muted")
        if not subtitle:
            self.subtitle.hide()
        words.addWidget(self.title)
        words.addWidget(self.subtitle)
        self.row.addLayout(words, 1)

    def say(self, title: str | None = None, subtitle: str | None = None) -> None:
        """Other words; an empty subtitle takes no room."""
        if title is not None:
            self.title.setText(title)
        if subtitle is not None:
            self.subtitle.setText(subtitle)
            self.subtitle.setVisible(bool(subtitle))

    def add_action(self, key: str, variant: str = "", text: str = "", *, hide: bool = False) -> ActionButton:
        """A button for a registered action; with ``hide`` it is only there while the action can be done."""
        button = ActionButton(self._session.themes, self._session.actions, key, variant, text)
        self.row.addWidget(button)
        self.buttons.append(button)
        if hide:
            button.hide_when_idle()
        return button

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Where words of buttons would squeeze the title, the quiet buttons keep their icons only."""
        shown = [button for button in self.buttons if not button.isHidden()]
        title = min(self.title.sizeHint().width(), self.width() // 2)
        room = self.width() - title - self.row.spacing() * (len(shown) + 1)
        compact = sum(button.words_width() for button in shown) > room
        for button in self.buttons:
            button.set_compact(compact and button.property("variant") != "primary")


@dataclass(frozen=True)
class PageSpec:
    """A page before it is made: its module is imported when it is first needed."""

    key: str
    title: str
    icon: str
    target: str
    """``module:Class``."""
    in_rail: bool = True

    def make(self, session: Session) -> Page:
        """Import and build it."""
        module, _, name = self.target.partition(":")
        page = getattr(importlib.import_module(module), name)(session)
        if not isinstance(page, Page):
            raise TypeError(f"{self.target} is no page")
        page.key = self.key
        return page


def import_pages(stop: Stop, emit: Callable[[Any], None]) -> None:
    """Import what the pages of the navigation need, in a thread: making them afterwards takes milliseconds."""
    for spec in PAGES:
        if stop.requested:
            return
        if spec.in_rail:
            importlib.import_module(spec.target.partition(":")[0])
            emit(spec.key)


_PAGES = "rave_gui.ui.pages"

PAGES: tuple[PageSpec, ...] = (
    PageSpec("home", N_("Home"), "house", f"{_PAGES}.home.page:HomePage"),
    PageSpec("datasets", N_("Datasets"), "database", f"{_PAGES}.datasets.page:DatasetsPage"),
    PageSpec("training", N_("Training"), "activity", f"{_PAGES}.training.page:TrainingPage"),
    PageSpec("models", N_("Models"), "box", f"{_PAGES}.models.page:ModelsPage"),
    PageSpec("play", N_("Play"), "audio-lines", f"{_PAGES}.play.page:PlayPage"),
    PageSpec("export", N_("Export"), "package", f"{_PAGES}.export.page:ExportPage"),
    PageSpec("jobs", N_("Jobs"), "list-checks", f"{_PAGES}.jobs.page:JobsPage"),
    PageSpec(
        "quickstart", N_("Quick start"), "sparkles", f"{_PAGES}.quickstart.page:QuickstartPage", in_rail=False
    ),
    PageSpec(
        "gallery", N_("Component gallery"), "palette", f"{_PAGES}.gallery.page:GalleryPage", in_rail=False
    ),
)
"""In the order of the navigation; those not in the rail are reached by actions."""
