"""Tags and a note for the runs that are selected among the experiments."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rave_gui.training.experiments.table import Experiment
from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.fields import TextField


class ExperimentTagsDialog(Dialog):
    """Shows the tags that all of the runs have: those that are added go to every run, those that are taken away go from every run."""

    def __init__(
        self, session: Session, runs: Sequence[Experiment], known: Sequence[str], done: Callable[[], None]
    ) -> None:
        """``known``: tags in use; ``done`` is called when they are kept."""
        several = len(runs) > 1
        super().__init__(
            session,
            trn("Tags of {n} run", "Tags of {n} runs", len(runs))
            if several
            else tr("Tags and note of “{name}”", name=runs[0].name),
            tr("These are the tags that all of them have.") if several else "",
            action=tr("Keep"),
            width=520,
        )
        self._names, self._done = [run.name for run in runs], done
        every = [set(run.fields.get("tags") or ()) for run in runs]
        self._before = sorted(set.intersection(*every)) if every else []
        used = tr("In use: {tags}.", tags=", ".join(known)) if known else ""
        self.tags = TextField(
            session.themes,
            tr("Tags"),
            " ".join(part for part in (tr("Separated by commas."), used) if part),
            placeholder=tr("drums, keeper"),
        )
        self.tags.set_value(", ".join(self._before))
        self.box.addWidget(self.tags)
        self.note = TextField(session.themes, tr("Note"), tr("For yourself; the filter finds it."), lines=4)
        self.note.set_value("" if several else str(runs[0].fields.get("note") or ""))
        self.box.addWidget(self.note)
        if several:
            self.note.hide()
        self.tags.setFocus()

    def submit(self) -> None:
        """Keep them, in a thread."""
        project = self.session.project
        if project is None:
            return
        from rave_gui.training.experiments import actions

        names = self._names
        wanted = {part.strip() for part in self.tags.value().split(",") if part.strip()}
        add, remove = sorted(wanted - set(self._before)), sorted(set(self._before) - wanted)
        note = self.note.value().strip() if len(names) == 1 else None
        self.busy(True)

        def work() -> None:
            actions.tag(project, names, add=add, remove=remove)
            if note is not None:
                actions.note(project, names[0], note)

        def done(_none: None) -> None:
            self._done()
            self.accept()

        self.call(work, done)
