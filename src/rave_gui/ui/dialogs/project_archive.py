"""A project as one file: written for a backup or another person, and unpacked again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QGridLayout

from rave_gui.ui import words
from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Card, ElidedLabel, label
from rave_gui.ui.widgets.fields import CheckField, ChoiceField, PathField


class ExportProjectDialog(Dialog):
    """Chooses what goes in and where the file is written; the writing is a job."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            session,
            tr("Export project"),
            tr("One file with everything needed to open the project elsewhere, each part with its checksum."),
            action=tr("Export"),
            icon="archive",
        )
        project = session.project
        assert project is not None
        self._path = project.path
        themes = session.themes
        day = datetime.now().astimezone().strftime("%Y-%m-%d")
        self.file = PathField(themes, tr("File"), self._choose)
        self.file.set_value(project.path.parent / f"{project.path.name} {day}.ravegui")
        self.checkpoints = ChoiceField(
            themes,
            tr("Checkpoints"),
            [("all", tr("Every checkpoint")), ("newest", tr("The newest and the best of each training"))],
            tr("Checkpoints are the largest part. With the newest ones every training can go on elsewhere."),
        )
        self.takes = CheckField(themes, tr("Takes"), tr("Sounds that were rendered."))
        self.jobs = CheckField(themes, tr("Records of jobs"), tr("Logs and results of what was done."))
        self.adopted = CheckField(
            themes,
            tr("Copies of what was adopted from elsewhere"),
            tr("Without them the archive only says that they existed."),
        )
        self.takes.set_value(True)
        self.jobs.set_value(True)
        for field in (self.file, self.checkpoints, self.takes, self.jobs, self.adopted):
            self.box.addWidget(field)
        self.box.addStretch(1)
        self.file.changed.connect(self._check)
        self._check()
        self.file.editor.setFocus()

    def submit(self) -> None:
        """Start the job."""
        services, path = self.session.services, self._path
        if services is None:
            return
        from rave_gui.workspace import actions

        output = Path(self.file.value()).expanduser()
        options = {
            "checkpoints": self.checkpoints.value(),
            "takes": self.takes.value(),
            "jobs": self.jobs.value(),
            "include_adopted": self.adopted.value(),
        }
        self.busy(True)
        self.session.call(
            lambda: actions.export_archive(services, path, output, **options), self._started, self.refuse
        )

    def _started(self, job: Any) -> None:
        self.accept()
        self.session.tell(tr("The project is being exported. You can go on working."))
        self.session.go("jobs", job=job.id)

    def _choose(self) -> Path | None:
        found = self.session.pick_save(tr("Export project"), self.file.value(), "RAVE GUI (*.ravegui)")
        return found.with_suffix(".ravegui") if found is not None else None

    def _check(self) -> None:
        if self.main is not None:
            self.main.setEnabled(bool(self.file.value()))


class ImportProjectDialog(Dialog):
    """Says what is in an archive, asks where to put it, and starts the unpacking."""

    def __init__(self, session: Session, file: Path) -> None:
        super().__init__(
            session,
            tr("Import project"),
            tr("The archive is checked before anything is written, and nothing in it may run code."),
            action=tr("Import"),
            icon="archive-restore",
        )
        self._file = file
        self._wait = label(tr("Checking {name}…", name=file.name), "muted")
        self.box.addWidget(self._wait)
        self.place = PathField(
            session.themes,
            tr("New folder for the project"),
            lambda: session.pick_folder(tr("Where to put the project"), ""),
        )
        self.place.hide()
        self.busy(True)
        from rave_gui.workspace import actions

        session.call(lambda: actions.inspect_archive(file), self._fill, self._bad)

    def submit(self) -> None:
        """Start the job; the project opens when it is there."""
        services = self.session.services
        if services is None:
            return
        from rave_gui.workspace import actions

        file, output = self._file, Path(self.place.value()).expanduser()
        self.busy(True)
        self.session.call(lambda: actions.import_archive(services, file, output), self._started, self.refuse)

    def _started(self, job: Any) -> None:
        session, services = self.session, self.session.services
        assert services is not None
        self.accept()
        session.tell(tr("The project is being imported. It opens when it is there."))
        session.go("jobs", job=job.id)

        def done(view: Any) -> None:
            if view.state == "succeeded" and view.result:
                session.use_project(Path(view.result["path"]))

        # Left behind when the window closes: the job goes on, and the project is in the list when it was opened once.
        session.bridge.stream(
            lambda stop, _emit: _follow(services, job.id, lambda: stop.requested),
            lambda _items: None,
            done,
            session.fail,
        )

    def _fill(self, info: Any) -> None:
        self._wait.hide()
        theme = self.session.themes.theme
        card = Card(self.session.themes, "well")
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.space("l"))
        grid.setVerticalSpacing(theme.space("xs"))
        grid.setColumnStretch(1, 1)
        made = datetime.fromtimestamp(info.created).astimezone().strftime("%Y-%m-%d %H:%M")
        files = trn("{n} file", "{n} files", info.entries)
        for row, (name, value) in enumerate(
            (
                (tr("Project"), info.name),
                (tr("Exported"), tr("{moment} with {program}", moment=made, program=info.made_by)),
                (tr("Size unpacked"), f"{words.size(info.bytes)} · {files}"),
            )
        ):
            grid.addWidget(label(name, "muted"), row, 0)
            grid.addWidget(ElidedLabel(value, "strong"), row, 1)
        card.box.addLayout(grid)
        for sentence in info.left_out:
            card.box.addWidget(label(sentence, "caption", wrap=True))
        self.box.addWidget(card)
        home = self.session.memory.project
        parent = Path(home).parent if home and Path(home).parent.is_dir() else Path.home() / "RAVE Projects"
        place, n = parent / info.name, 2
        while place.exists():
            place, n = parent / f"{info.name} {n}", n + 1
        self.place.set_value(place)
        self.box.addWidget(self.place)
        self.place.show()
        self.box.addStretch(1)
        self.busy(False)
        self.fit_soon()
        self.place.editor.setFocus()

    def _bad(self, error: Exception) -> None:
        self._wait.hide()
        try:
            self.refuse(error)
        finally:
            self.busy(True)


def _follow(services: Any, job: str, stopped: Any) -> Any:
    from rave_gui.jobs.watch import Watch

    return Watch(services.jobs, job).wait(lambda _event: None, stopped)
