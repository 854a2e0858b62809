"""Everything that can be done with one run or a hundred in the table, as actions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QMenu, QWidget

from rave_gui.training.experiments.table import Experiment
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.shell.actions import Action
from rave_gui.ui.shell.undo import Step
from rave_gui.viewmodels.experiments import Group, write_csv

if TYPE_CHECKING:
    from rave_gui.ui.pages.experiments.view import ExperimentsView

PAGE = "training"
MOST = 12
"""Runs that can be laid side by side: more colours than that cannot be told apart."""
KEEPING = ("star", "tags", "archive", "delete")
TAKING = ("csv", "report", "pdf", "script")
LOOKING = ("compare", "open", "like", "tensorboard")


class ExperimentCommands:
    """Works on the runs that are selected in the table, or on those that are compared."""

    def __init__(self, view: ExperimentsView) -> None:
        self._view, self._session = view, view.session

    def actions(self) -> Sequence[Action]:
        """All of them; keys begin with ``experiments.``."""
        look, keep, take = tr("Experiments"), tr("Experiments: keep order"), tr("Experiments: take out")

        def own(
            key: str, text: str, run: Callable[[], object], icon: str, group: str, *, few: int, most: int = 10**9,
            shortcut: str = "", tip: str = "", danger: bool = False,
        ) -> Action:  # fmt: skip
            return Action(
                f"experiments.{key}", text, run, icon, shortcut, PAGE, group, tip,
                lambda: self._view.isVisible() and few <= len(self._view.chosen) <= most, danger,
            )  # fmt: skip

        return [
            own("compare", tr("Compare"), self.compare, "git-compare", look, few=2, most=MOST, shortcut="Ctrl+Shift+C",
                tip=tr("Parameters, curves and sounds of the selected runs side by side (two to {n})", n=MOST)),
            own("open", tr("Open the run"), self.open, "maximize", look, few=1, most=1),
            own("like", tr("New run like this…"), self.like, "copy-plus", look, few=1, most=1, tip=tr("Begin a new run with the settings of this one")),
            own("columns", tr("Columns…"), self._view.choose_columns, "columns-3", look, few=0, shortcut="Ctrl+Shift+K", tip=tr("Choose which parameters and figures the table shows")),
            own("star", tr("Star"), self.star, "star", keep, few=1, shortcut="Ctrl+D"),
            own("tags", tr("Tags and note…"), self.tags, "tag", keep, few=1, shortcut="Ctrl+T"),
            own("archive", tr("Archive, or take out of the archive"), self.archive, "archive", keep, few=1,
                tip=tr("Archived runs are left out of the table until you filter for “archived”; nothing is moved")),
            own("delete", tr("Move to the trash"), self.delete, "trash-2", keep, few=1, danger=True),
            own("csv", tr("Save the table (CSV)…"), self.csv, "table", take, few=0, tip=tr("The selected runs, or all that are shown, with the columns shown")),
            own("report", tr("Report (HTML)…"), self.report, "file-text", take, few=1, most=MOST,
                tip=tr("One file with parameters, curves, sounds, computer and where the sounds came from")),
            own("pdf", tr("Report (PDF)…"), self.pdf, "file-text", take, few=1, most=MOST),
            own("script", tr("Script that makes this run again…"), self.script, "file-code", take, few=1, most=1),
            own("tensorboard", tr("TensorBoard"), self.tensorboard, "chart-line", look, few=1, most=MOST,
                tip=tr("Start TensorBoard for the selected runs and open it in the browser")),
            own("logs", tr("TensorBoards and log folders…"), self.logs, "hard-drive", look, few=0,
                tip=tr("What is running, and how much room the runs take")),
        ]  # fmt: skip

    def menu(self, parent: QWidget) -> QMenu:
        """The right click."""
        made = QMenu(parent)
        actions = self._session.actions
        for number, keys in enumerate((LOOKING, KEEPING, TAKING)):
            if number:
                made.addSeparator()
            for key in keys:
                made.addAction(actions.qt(f"experiments.{key}"))
        return made

    def more(self, parent: QWidget) -> QMenu:
        """What is behind the button with three dots."""
        made = QMenu(parent)
        actions = self._session.actions
        for key in ("columns", "logs"):
            made.addAction(actions.qt(f"experiments.{key}"))
        made.addSeparator()
        for key in TAKING:
            made.addAction(actions.qt(f"experiments.{key}"))
        return made

    # Looking

    def compare(self) -> None:
        """Lay the selected runs side by side."""
        self._view.compare([run.name for run in self._view.chosen])

    def open(self) -> None:
        """Watch the run."""
        self._session.go("training", run=self._view.chosen[0].name)

    def like(self) -> None:
        """A new run with its settings."""
        self._session.go("training", new=True, like=self._view.chosen[0].name)

    def logs(self) -> None:
        """Boards that run, folders and their sizes."""
        from rave_gui.ui.dialogs.tensorboard_logs import LogFoldersDialog

        LogFoldersDialog(self._session).show_it()

    def tensorboard(self) -> None:
        """Start it for the runs and open the browser."""
        from rave_gui.ui.dialogs.tensorboard_logs import open_board

        open_board(self._session, [run.path for run in self._view.chosen])

    # Keeping order

    def star(self) -> None:
        """Mark, or take the mark away when all have it."""
        from rave_gui.training.experiments import actions

        chosen = self._view.chosen
        on = not all(run.fields.get("starred") for run in chosen)
        self._write(lambda project: actions.star(project, _names(chosen), on))

    def tags(self) -> None:
        """Tags for all of them, a note for a single one."""
        from rave_gui.ui.dialogs.experiment_tags import ExperimentTagsDialog

        known = sorted({t for run in self._view.model.all for t in run.fields.get("tags") or ()})
        ExperimentTagsDialog(self._session, self._view.chosen, known, self._view.reload).show_it()

    def archive(self) -> None:
        """Leave them out of the table, or take them in again when all are archived; can be undone."""
        from rave_gui.training.experiments import actions

        chosen = self._view.chosen
        on = not all(run.fields.get("archived") for run in chosen)

        def told(names: list[str]) -> None:
            if not names:
                return
            said = (
                trn("{n} run is archived.", "{n} runs are archived.", len(names))
                if on
                else trn("{n} run is back in the table.", "{n} runs are back in the table.", len(names))
            )
            self._session.tell(
                said,
                Step(
                    said,
                    lambda: self._write(lambda project: actions.archive(project, names, not on)),
                    lambda: self._write(lambda project: actions.archive(project, names, on)),
                ),
            )

        self._write(lambda project: actions.archive(project, _names(chosen), on), told)

    def _write(
        self, work: Callable[[Any], list[str]], done: Callable[[list[str]], None] | None = None
    ) -> None:
        project = self._session.project
        if project is None:
            return

        def written(names: list[str]) -> None:
            self._view.reload()
            if done is not None:
                done(names)

        self._session.call(lambda: work(project), written)

    def delete(self) -> None:
        """Move to the project's trash; undo brings back."""
        session, view = self._session, self._view
        services, project = session.services, session.project
        names = _names(view.chosen)
        if services is None or project is None or not names:
            return
        from rave_gui.workspace import actions

        def back(items: list[Any]) -> None:
            session.call(
                lambda: [actions.restore_item(services, project, item) for item in items],
                lambda _names: view.reload(),
            )

        def done(items: list[Any]) -> None:
            view.reload()
            said = (
                tr("Moved “{name}” to the trash.", name=names[0])
                if len(names) == 1
                else trn("Moved {n} run to the trash.", "Moved {n} runs to the trash.", len(names))
            )
            session.tell(said, Step(said, lambda: back(items)))

        session.call(lambda: [actions.trash_item(services, project, "run", name) for name in names], done)

    # Taking out

    def csv(self) -> None:
        """The selected runs (or all that are shown) with the columns shown."""
        path = self._session.pick_save(tr("Save the table"), "experiments.csv", tr("Tables (*.csv)"))
        if path is None:
            return
        model = self._view.model
        runs = self._view.chosen
        if len(runs) < 2:
            # Closed groups count too: what is shown is what the filter lets through.
            runs = [run for row in model.rows for run in (row.runs if isinstance(row, Group) else (row,))]
            runs = list({run.name: run for run in runs}.values())
        columns = list(model.columns)
        rows = [tuple(model.value(run, column) for column in columns) for run in runs]
        self._save(path, ".csv", lambda target: write_csv(target, columns, rows))

    def report(self) -> None:
        """One HTML file."""
        self._report("html")

    def pdf(self) -> None:
        """The report without its sounds, for paper."""
        self._report("pdf")

    def _report(self, form: str) -> None:
        session = self._session
        services, project = session.services, session.project
        names = _names(self._view.chosen)
        if services is None or project is None or not names:
            return
        name = names[0] if len(names) == 1 else tr("{name} and others", name=names[0])
        filters = tr("Web pages (*.html)") if form == "html" else tr("PDF documents (*.pdf)")
        path = session.pick_save(tr("Save the report"), f"{name}.{form}", filters)
        if path is None:
            return
        target = path if path.suffix else path.with_suffix(f".{form}")

        def write() -> None:
            if form == "html":
                from rave_gui.training.experiments import actions

                target.unlink(missing_ok=True)  # the file dialog has asked already
                actions.report(services, project, names, target)
                return
            from rave_gui.training.experiments import report
            from rave_gui.ui.pages.experiments.paper import write_pdf

            write_pdf(*report.printable(report.gather(services, project, names, audio=False)), target)

        session.call(write, lambda _none: self._saved(target))

    def script(self) -> None:
        """A script that makes the run again."""
        from rave_gui.ui.dialogs.experiment_script import ScriptDialog

        ScriptDialog(self._session, self._view.chosen[0].name).show_it()

    def _save(self, path: Path, suffix: str, write: Callable[[Path], None]) -> None:
        target = path if path.suffix else path.with_suffix(suffix)
        self._session.call(lambda: write(target), lambda _none: self._saved(target))

    def _saved(self, path: Path) -> None:
        self._session.tell(tr("Saved {name}.", name=path.name))


def _names(runs: Sequence[Experiment]) -> list[str]:
    return [run.name for run in runs]
