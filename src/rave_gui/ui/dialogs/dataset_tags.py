"""Tags of a dataset: words to find it by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtWidgets import QHBoxLayout

from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, label
from rave_gui.ui.widgets.fields import TextField
from rave_gui.viewmodels.datasets import Entry

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
    """One line of tags, and those used elsewhere to press."""

    def __init__(
        self,
        session: Session,
        entry: Entry,
        known: Sequence[str],
        work: Callable[[Sequence[str]], Any],
        done: Callable[[list[str]], None],
    ) -> None:
        super().__init__(
            session,
            tr("Tags of “{name}”", name=entry.name),
            tr("Words to find it by: an instrument, a place, who played."),
            action=tr("Save"),
            width=480,
        )
        self._work, self._done = work, done
        self.tags = TextField(session.themes, tr("Tags"), tr("With commas between them."))
        self.tags.set_value(", ".join(entry.tags))
        self.box.addWidget(self.tags)
        offered = [tag for tag in known if tag not in entry.tags][:OFFERED]
        if offered:
            self.box.addWidget(label(tr("Used elsewhere"), "caption"))
            row = QHBoxLayout()
            for tag in offered:
                button = Button(session.themes, tag, "plus", "quiet")
                button.clicked.connect(lambda _c=False, tag=tag, button=button: self._add(tag, button))
                row.addWidget(button)
            row.addStretch(1)
            self.box.addLayout(row)
        self.box.addStretch(1)
        self.tags.editor.setFocus()

    def submit(self) -> None:
        """Keep them."""
        tags = parse(self.tags.value())
        self.busy(True)

        def done(_result: Any) -> None:
            self.accept()
            self._done(tags)

        self.call(lambda: self._work(tags), done, self.refuse)

    def _add(self, tag: str, button: Button) -> None:
        self.tags.set_value(", ".join([*parse(self.tags.value()), tag]))
        button.setEnabled(False)
