"""Category and tags of a dataset: words to find it by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCompleter, QHBoxLayout, QLineEdit

from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, label
from rave_gui.ui.widgets.fields import TextField
from rave_gui.viewmodels.datasets import Entry, Library

OFFERED = 6


def parse(text: str) -> list[str]:
    """Tags with commas between them, each once."""
    found: list[str] = []
    for part in text.split(","):
        tag = " ".join(part.split())
        if tag and tag.casefold() not in (known.casefold() for known in found):
            found.append(tag)
    return found


class TagsDialog(Dialog):
    """The category with those in use to choose from; one line of tags, and those used elsewhere to press."""

    def __init__(
        self,
        session: Session,
        entry: Entry,
        library: Library,
        work: Callable[[str, Sequence[str]], Any],
        done: Callable[[str, list[str]], None],
    ) -> None:
        super().__init__(
            session,
            tr("Category and tags of “{name}”", name=entry.name),
            tr("Words to find it by: an instrument, a place, who played."),
            action=tr("Save"),
            width=480,
        )
        self._work, self._done = work, done
        self.category = TextField(
            session.themes,
            tr("Category"),
            tr("One kind that the dataset belongs to, such as drums or field recordings; empty for none."),
        )
        self.category.set_value(entry.category)
        line = self.category.editor
        if isinstance(line, QLineEdit):
            known = QCompleter(library.categories, line)
            known.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            known.setFilterMode(Qt.MatchFlag.MatchContains)
            line.setCompleter(known)
        self.box.addWidget(self.category)
        self._suggest([name for name in library.categories if name != entry.category], self._take)
        self.tags = TextField(session.themes, tr("Tags"), tr("With commas between them."))
        self.tags.set_value(", ".join(entry.tags))
        self.box.addWidget(self.tags)
        self._suggest([tag for tag in library.tags if tag not in entry.tags], self._add)
        self.box.addStretch(1)
        self.category.editor.setFocus()

    def submit(self) -> None:
        """Keep them."""
        tags, category = parse(self.tags.value()), " ".join(self.category.value().split())
        self.busy(True)

        def done(_result: Any) -> None:
            self.accept()
            self._done(category, tags)

        self.call(lambda: self._work(category, tags), done, self.refuse)

    def _suggest(self, words: Sequence[str], take: Callable[[str], None]) -> None:
        """Buttons for what is used elsewhere."""
        if not words:
            return
        self.box.addWidget(label(tr("Used elsewhere"), "caption"))
        row = QHBoxLayout()
        for word in words[:OFFERED]:
            button = Button(self.session.themes, word, "plus", "quiet")
            button.clicked.connect(lambda _c=False, word=word: take(word))
            row.addWidget(button)
        row.addStretch(1)
        self.box.addLayout(row)

    def _take(self, category: str) -> None:
        self.category.set_value(category)

    def _add(self, tag: str) -> None:
        self.tags.set_value(", ".join(parse(f"{self.tags.value()}, {tag}")))
