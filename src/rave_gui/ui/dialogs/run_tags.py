"""Tags and a note for one or more runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.fields import TextField
from rave_gui.viewmodels.runs import STAR, RunItem


class TagsDialog(Dialog):
    """Of several runs the tags are set for all, and notes are left alone."""

    def __init__(
        self, session: Session, chosen: Sequence[RunItem], known: Sequence[str], done: Callable[[], None]
    ) -> None:
        """``known``: tags used by other runs; ``done`` is called when they are kept."""
        several = len(chosen) > 1
        title = (
            trn("Tags of {n} run", "Tags of {n} runs", len(chosen))
            if several
            else tr("Tags and note of “{name}”", name=chosen[0].name)
        )
        super().__init__(session, title, action=tr("Keep"), width=520)
        self._chosen, self._done = chosen, done
        used = tr("In use: {tags}.", tags=", ".join(known)) if known else ""
        self.tags = TextField(
            session.themes,
            tr("Tags"),
            " ".join(part for part in (tr("Separated by commas."), used) if part),
            placeholder=tr("drums, keeper"),
        )
        self.tags.set_value(", ".join(chosen[0].shown_tags))
        self.box.addWidget(self.tags)
        self.note = TextField(session.themes, tr("Note"), tr("For yourself; the search finds it."), lines=4)
        self.note.set_value(chosen[0].note)
        self.box.addWidget(self.note)
        if several:
            self.note.hide()
        self.tags.setFocus()

    def submit(self) -> None:
        """Keep them, in a thread."""
        project = self.session.project
        if project is None:
            return
        store, chosen = project.store, self._chosen
        wanted = [tag.strip() for tag in self.tags.value().split(",") if tag.strip() and tag.strip() != STAR]
        note = self.note.value().strip()
        self.busy(True)

        def work() -> None:
            for row in chosen:
                store.tag("run", row.name, [*wanted, *([STAR] if row.starred else [])])
            if len(chosen) == 1:
                store.set_info("run", chosen[0].name, {"note": note or None})

        def done(_none: None) -> None:
            self._done()
            self.accept()

        self.session.call(work, done, self.refuse)
