"""One dataset: what it holds, how it sounds, its chunks, its recordings, its soundness. Or the job that makes it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.pages.datasets.tabs import TABS, TARGETS, tab_names
from rave_gui.ui.shell.actions import ActionButton
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Chip, ElidedLabel, IconButton, Segments, label
from rave_gui.viewmodels import datasets as text
from rave_gui.viewmodels.datasets import Entry

if TYPE_CHECKING:
    from rave_gui.ui.pages.datasets.commands import Commands

_HERE = "rave_gui.ui.pages.datasets"


def _warm_up() -> None:
    """What reading chunks needs is imported while the user still looks at the overview."""
    from rave_gui.datasets import browse, index, record

    del browse, index
    record.message(b"")


class DetailView(QWidget):
    """``left``: back to the list. Tabs are made when they are first shown."""

    left = Signal()

    def __init__(self, session: Session, commands: Commands) -> None:
        super().__init__()
        self._session, self.commands = session, commands
        self.entry: Entry | None = None
        themes = session.themes
        space = themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("m"))
        head = QHBoxLayout()
        head.setSpacing(space("s"))
        self.back = IconButton(themes, "arrow-left", tr("Back to the datasets (Esc)"))
        self.back.clicked.connect(self.left)
        head.addWidget(self.back)
        words = QVBoxLayout()
        words.setSpacing(2)
        line = QHBoxLayout()
        line.setSpacing(space("s"))
        self.title = label("", "title")
        self.chip = Chip()
        line.addWidget(self.title)
        line.addWidget(self.chip)
        line.addStretch(1)
        words.addLayout(line)
        self.facts = ElidedLabel("", "muted")
        words.addWidget(self.facts)
        head.addLayout(words, 1)
        self._head = head
        box.addLayout(head)
        names = tab_names()
        self.segments = Segments([(key, names[key]) for key in TABS], tr("Parts of this view"))
        self.segments.chosen.connect(self.show_tab)
        box.addWidget(self.segments)
        self.stack = QStackedWidget()
        box.addWidget(self.stack, 1)
        self.tabs: dict[str, Any] = {}
        self._tab = "overview"
        self._build: Any = None
        self._buttons()
        session.call(_warm_up)

    def _buttons(self) -> None:
        themes, actions = self._session.themes, self._session.actions
        self._head.addWidget(ActionButton(themes, actions, "datasets.append"))
        self._head.addWidget(ActionButton(themes, actions, "datasets.train", "primary"))
        self.more = IconButton(themes, "ellipsis", tr("More actions"), variant="")
        self.more.clicked.connect(self._menu)
        self._head.addWidget(self.more)

    @property
    def building(self) -> bool:
        """Whether the job that makes it is shown."""
        return self._build is not None and self.stack.currentWidget() is self._build

    # What the page asks

    def show_entry(self, entry: Entry) -> None:
        """Show a dataset, or the job that makes it."""
        other = self.entry is None or self.entry.path != entry.path
        self.entry = entry
        self._words()
        if entry.state in ("building", "failed"):
            self._show_build()
            return
        self.segments.show()
        self.show_tab("overview" if other else self._tab, fresh=other)

    def follow(self, entry: Entry | None) -> None:
        """The list was read again; None: it is not there any more."""
        if entry is None or self.entry is None:
            return
        before, self.entry = self.entry, entry
        self._words()
        if self.building:
            if entry.state in ("building", "failed"):
                self._build.follow(entry)
            elif self.isVisible() or before.state != entry.state:
                self.show_entry(entry)
        elif (before.chunks, before.size) != (entry.chunks, entry.size):
            for tab in self.tabs.values():
                tab.forget()
            self.show_tab(self._tab, fresh=True)

    def renamed(self, entry: Entry) -> None:
        """It has another name, and lies in another folder."""
        self.entry = entry
        self._words()
        for tab in self.tabs.values():
            tab.forget()
        self.show_tab(self._tab, fresh=True)

    def data_changed(self, topics: frozenset[str]) -> None:
        """Something changed on disk."""
        if "runs" in topics and "health" in self.tabs:
            self.tabs["health"].refresh_uses()

    def take_focus(self) -> None:
        """Where the keyboard is after opening."""
        self.segments.button(self._tab).setFocus(Qt.FocusReason.OtherFocusReason)

    def release(self) -> None:
        """Another view is shown: no sound, nothing followed."""
        for tab in self.tabs.values():
            tab.release()
        if self._build is not None:
            self._build.release()

    def close_down(self) -> None:
        """Another project was opened."""
        self.release()
        for tab in self.tabs.values():
            tab.forget()
        self.entry = None

    def measure(self) -> None:
        """Measure the sound (the overview shows how it goes)."""
        self.show_tab("overview")
        self.tabs["overview"].measure()

    def check(self) -> None:
        """Check integrity."""
        self.show_tab("health")
        self.tabs["health"].check()

    def measured(self) -> None:
        """The job that measures has ended: the map is there as well."""
        for key in ("overview", "map", "sources"):
            if key in self.tabs:
                self.tabs[key].forget()
        if self._tab in ("overview", "map", "sources") and self.entry is not None:
            self.show_tab(self._tab, fresh=True)

    def show_chunk(self, index: int) -> None:
        """Look at one chunk in the table of chunks."""
        self.show_tab("chunks")
        self.tabs["chunks"].jump(index)

    def show_source(self, path: str) -> None:
        """Look at the chunks of one recording."""
        self.show_tab("chunks")
        self.tabs["chunks"].show_source(path)

    def show_tab(self, key: str, fresh: bool = False) -> None:
        """Bring a part to the front."""
        if self.entry is None or key not in TARGETS:
            return
        if key != self._tab and self._tab in self.tabs:
            self.tabs[self._tab].release()
        if key not in self.tabs:
            module, _, name = TARGETS[key].partition(":")
            self.tabs[key] = getattr(importlib.import_module(f"{_HERE}.{module}"), name)(self._session, self)
            self.stack.addWidget(self.tabs[key])
        moved = self.segments.button(self._tab).hasFocus()
        self._tab = key
        self.segments.set(key)
        if moved:
            self.segments.button(key).setFocus(Qt.FocusReason.OtherFocusReason)
        self.stack.setCurrentWidget(self.tabs[key])
        self.tabs[key].show_entry(self.entry, fresh)

    def _show_build(self) -> None:
        if self._build is None:
            from rave_gui.ui.pages.datasets.build_view import BuildView

            self._build = BuildView(self._session)
            self.stack.addWidget(self._build)
        self.segments.hide()
        self.stack.setCurrentWidget(self._build)
        if self.entry is not None:
            self._build.follow(self.entry)

    def _words(self) -> None:
        entry = self.entry
        if entry is None:
            return
        self.title.setText(entry.name)
        parts = []
        if entry.chunks:
            parts = [
                text.length_text(entry.usable),
                trn("{n} recording", "{n} recordings", entry.chunks)
                if entry.lazy
                else tr("{n} chunks", n=f"{entry.chunks:,}"),
                text.rate_text(entry.sample_rate),
                text.channels_text(entry.channels),
            ]
        parts += [entry.category, *entry.tags] if entry.category else list(entry.tags)
        self.facts.setText("  ·  ".join(parts) if parts else str(entry.path))
        state = {
            "building": (tr("Being made"), "accent"),
            "failed": (tr("Failed"), "danger"),
            "missing": (tr("Not there"), "warning"),
            "broken": (tr("Cannot be opened"), "danger"),
        }.get(entry.state, (tr("Lies elsewhere"), "") if entry.adopted else ("", ""))
        if entry.job_state == "interrupted":
            state = (tr("Interrupted"), "warning")
        self.chip.set(*state)

    def _menu(self) -> None:
        menu = self.commands.menu(self)
        if menu is not None:
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(
                self.more.mapToGlobal(self.more.rect().bottomLeft())
                if self.more.isVisible()
                else QCursor.pos()
            )
