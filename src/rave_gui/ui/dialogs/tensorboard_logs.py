"""TensorBoard for one run, several or all, and the room that runs take: what can be thrown away, what can be packed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget
from shiboken6 import isValid

from rave_gui.errors import UserError
from rave_gui.ui import words
from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.shell.session import Session
from rave_gui.ui.shell.undo import Step
from rave_gui.ui.widgets.basic import Button, Card, ElidedLabel, IconButton, label
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.table import Column, Table

if TYPE_CHECKING:
    from rave_gui.projects import Project
    from rave_gui.training.logfolders import LogFolder, PrunePlan
    from rave_gui.training.tensorboard import Board

KEEP = 3
"""Checkpoints that stay of each run when old ones are thrown away, besides the best and the last."""


def open_url(session: Session, url: str) -> None:
    """Show an address in the browser; where there is none, say it."""
    if not QDesktopServices.openUrl(QUrl(url)):
        session.fail(
            UserError(
                tr("The browser could not be opened."),
                tr("Open it yourself at {url}", url=url),
                code="no-browser",
            )
        )


def open_board(session: Session, folders: Sequence[Path], done: Callable[[Any], None] | None = None) -> None:
    """Start TensorBoard for folders (or take the one that runs) and open it in the browser."""
    services = session.services
    if services is None or not folders:
        return
    from rave_gui.training import tensorboard

    session.tell(tr("TensorBoard is being started. This takes some seconds."))

    def started(board: Board) -> None:
        open_url(session, board.url)
        if done is not None:
            done(board)

    session.call(lambda: tensorboard.start(services, list(folders)), started)


def bring_back(session: Session, project: Project, items: Sequence[str]) -> None:
    """Checkpoints that were thinned out return to their runs."""
    from rave_gui.training import logfolders

    session.call(
        lambda: sum(logfolders.restore(project, item) for item in items),
        lambda count: session.tell(trn("{n} checkpoint is back.", "{n} checkpoints are back.", count)),
    )


class LogFoldersDialog(Dialog):
    """Boards that run on top, then every run with its sizes."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            session,
            tr("TensorBoards and log folders"),
            tr("TensorBoard listens on this computer only, and ends with the window."),
            width=900,
        )
        themes = session.themes
        space = themes.theme.space
        self.boards_card = Card(themes)
        self.boards_box = QVBoxLayout()
        self.boards_box.setSpacing(space("xs"))
        self.boards_card.box.addWidget(label(tr("Running TensorBoards"), "strong"))
        self.boards_card.box.addLayout(self.boards_box)
        self.boards: list[Board] = []
        self.box.addWidget(self.boards_card)
        self.boards_card.hide()
        columns: list[Column[LogFolder]] = [
            Column("run", tr("Run"), lambda f: f.run, strong=True),
            Column("events", tr("Curves"), lambda f: words.size(f.events), 95, sort=lambda f: f.events, right=True),
            Column("checkpoints", tr("Checkpoints"), _checkpoints, 170, sort=lambda f: f.checkpoints, right=True),
            Column("previews", tr("Sounds"), lambda f: words.size(f.previews), 95, sort=lambda f: f.previews, right=True),
            Column("total", tr("All together"), lambda f: words.size(f.total), 120, sort=lambda f: f.total, right=True, keep=True),
        ]  # fmt: skip
        self.table = Table(themes, tr("Log folders"), columns, key=lambda f: f.run, many=True)
        self.table.setMinimumHeight(themes.theme.px(300))
        self.table.sort_by("total", descending=True)
        self.table.chosen.connect(self._buttons)
        self.table.opened.connect(lambda _row: self._start())
        self.empty = EmptyState(
            themes,
            "hard-drive",
            tr("No runs yet"),
            tr("Every run has a folder; it comes here with its size."),
        )
        self.empty.hide()
        self.box.addWidget(self.table, 1)
        self.box.addWidget(self.empty, 1)
        self.sum = label("", "caption")
        self.box.addWidget(self.sum)
        self.start = Button(
            themes, tr("Open in TensorBoard"), "chart-line", tip=tr("The selected runs, or all of them")
        )
        self.prune = Button(
            themes,
            tr("Thin out checkpoints…"),
            "scissors",
            tip=tr("Move old checkpoints of the selected runs to the trash"),
        )
        self.pack = Button(
            themes,
            tr("Pack the logs…"),
            "archive",
            tip=tr("Curves, configuration and sounds of the run in one file"),
        )
        self.start.clicked.connect(self._start)
        self.prune.clicked.connect(self._prune)
        self.pack.clicked.connect(self._pack)
        for place, button in enumerate((self.start, self.prune, self.pack)):
            self.foot.insertWidget(place, button)
        self._buttons()
        self._read()

    # Reading

    def _read(self) -> None:
        services, project = self.session.services, self.session.project
        if services is None or project is None:
            self._show_folders([])
            return
        from rave_gui.training import logfolders, tensorboard

        def work() -> tuple[list[Board], list[LogFolder]]:
            return tensorboard.list_boards(services), logfolders.sizes(project)

        def done(found: tuple[list[Board], list[LogFolder]]) -> None:
            self._show_boards(found[0])
            self._show_folders(found[1])

        self.call(work, done)

    def _show_folders(self, folders: list[LogFolder]) -> None:
        self.table.set_rows(folders)
        self.table.setVisible(bool(folders))
        self.empty.setVisible(not folders)
        self.sum.setText(
            tr("{size} in all", size=words.size(sum(folder.total for folder in folders))) if folders else ""
        )
        self._buttons()

    def _show_boards(self, boards: list[Board]) -> None:
        self.boards = boards
        while self.boards_box.count():
            item = self.boards_box.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for board in boards:
            self.boards_box.addWidget(self._row(board))
        self.boards_card.setVisible(bool(boards))

    def _row(self, board: Board) -> QWidget:
        part = QWidget()
        row = QHBoxLayout(part)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(self.session.themes.theme.space("s"))
        shown = ", ".join(Path(folder).name for folder in board.folders)
        row.addWidget(ElidedLabel(f"{board.url}  ·  {shown}"), 1)
        show = Button(self.session.themes, tr("Open in the browser"), "external-link")
        show.clicked.connect(lambda: open_url(self.session, board.url))
        end = IconButton(
            self.session.themes, "circle-stop", tr("Stop the TensorBoard at {url}", url=board.url)
        )
        end.clicked.connect(lambda: self._stop(board))
        row.addWidget(show)
        row.addWidget(end)
        return part

    # Doing

    def _buttons(self) -> None:
        chosen = self.table.selected()
        self.start.setEnabled(bool(self.table.rows.rows))
        self.prune.setEnabled(bool(chosen))
        self.pack.setEnabled(len(chosen) == 1)

    def _start(self) -> None:
        project = self.session.project
        if project is None:
            return
        chosen = self.table.selected()
        folders = [folder.path for folder in chosen] if chosen else [project.runs]
        open_board(self.session, folders, lambda _board: self._read() if isValid(self) else None)

    def _stop(self, board: Board) -> None:
        services = self.session.services
        if services is None:
            return
        from rave_gui.training import tensorboard

        self.call(lambda: tensorboard.stop(services, Path(board.folders[0])), lambda _stopped: self._read())

    def _prune(self) -> None:
        session = self.session
        services, project = session.services, session.project
        names = [folder.run for folder in self.table.selected()]
        if services is None or project is None or not names:
            return
        from rave_gui.training import logfolders

        def planned(plan: PrunePlan) -> None:
            if not plan.files:
                self.session.tell(
                    tr("There is nothing to thin out: only checkpoints that are kept are left.")
                )
                return
            if not self.session.ask(
                trn(
                    "Move {n} checkpoint to the trash?",
                    "Move {n} checkpoints to the trash?",
                    len(plan.files),
                ),
                tr(
                    "{size} can be freed. Of each run the best checkpoint, the last one and the {n} newest stay. "
                    "What is moved can be brought back from the project's trash.",
                    size=words.size(plan.bytes),
                    n=KEEP,
                ),
                tr("Move to the trash"),
                True,
            ):
                return

            def work() -> tuple[int, list[str]]:
                before = {item.id for item in logfolders.pruned(project)}
                freed = logfolders.prune(services, project, plan)
                return freed, [item.id for item in logfolders.pruned(project) if item.id not in before]

            def moved(found: tuple[int, list[str]]) -> None:
                said = tr("{size} moved to the trash.", size=words.size(found[0]))
                session.tell(said, Step(said, lambda: bring_back(session, project, found[1])))
                if isValid(self):
                    self._read()

            session.call(work, moved)

        self.call(lambda: logfolders.prune_plan(services, project, names, keep=KEEP), planned)

    def _pack(self) -> None:
        session = self.session
        services, project, folder = session.services, session.project, self.table.one()
        if services is None or project is None or folder is None:
            return
        path = self.session.pick_save(tr("Pack the logs"), f"{folder.run} logs.zip", tr("Archives (*.zip)"))
        if path is None:
            return
        from rave_gui.training import logfolders

        target = path if path.suffix else path.with_suffix(".zip")
        run = folder.run

        def done(made: Path) -> None:
            session.tell(tr("Saved {name}.", name=made.name))

        def work() -> Path:
            target.unlink(missing_ok=True)  # the file dialog has asked already
            made: Path = logfolders.archive(services, project, run, target)
            return made

        session.call(work, done)


def _checkpoints(folder: LogFolder) -> str:
    return tr("{n} files, {size}", n=folder.checkpoint_files, size=words.size(folder.checkpoints))
