"""Everything a user can do with runs, as actions of the training page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMenu, QWidget

from rave_gui.errors import UserError
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.pages.training.slots import SLOTS, Slot
from rave_gui.ui.pages.training.steering import Steering
from rave_gui.ui.shell.actions import Action
from rave_gui.ui.shell.undo import Step
from rave_gui.viewmodels import runs
from rave_gui.viewmodels.runs import STAR, RunItem

if TYPE_CHECKING:
    from rave_gui.ui.pages.training.page import TrainingPage

PAGE = "training"
STEERING = (
    "training.pause",
    "training.resume",
    "training.stop",
    "training.save",
    "training.preview",
    "training.phase2",
    "training.extend",
    "training.schedule",
)
KEEPING = ("training.star", "training.tags", "training.rename", "training.reveal", "training.delete")


class RunCommands:
    """Works on ``page.run`` or ``page.selected``."""

    def __init__(self, page: TrainingPage) -> None:
        self._page, self._session = page, page.session
        self.steering = Steering(page)

    def actions(self) -> Sequence[Action]:
        """All of them; keys begin with ``training.``."""
        page, steering = self._page, self.steering
        steer, keep, look = tr("Steer a training"), tr("Runs"), tr("Look at a run")

        def own(
            key: str,
            text: str,
            run: Callable[[], object],
            icon: str = "",
            shortcut: str = "",
            *,
            tip: str = "",
            enabled: Callable[[], bool] | None = None,
            group: str = keep,
            danger: bool = False,
            hidden: bool = False,
        ) -> Action:
            return Action(
                f"training.{key}",
                text,
                run,
                icon,
                shortcut,
                PAGE,
                group,
                tip,
                enabled or (lambda: True),
                danger,
                hidden,
            )

        def can(action: str) -> Callable[[], bool]:
            return lambda: self._can(action)

        def takes(command: str) -> Callable[[], bool]:
            return lambda: self._has_project() and bool(steering.targets(command))

        def watched() -> bool:
            return page.shown_run is not None

        def tab(key: str) -> Callable[[], None]:
            return lambda: page.run_view.show_tab(key)

        return [
            own(
                "new",
                tr("New run…"),
                page.new_run,
                "plus",
                "Ctrl+N",
                tip=tr("Choose sounds, a model and its settings, and start a training"),
                enabled=self._has_project,
            ),
            own("open", tr("Watch the run"), self.open, "activity", "", enabled=can("open"), group=look),
            own("back", tr("Back to all runs"), self.back, "arrow-left", "Esc", enabled=self._away, group=look),
            own("find", tr("Search"), self.find, "search", "Ctrl+F", enabled=self._findable, group=look),
            own("runs", tr("Show the runs"), lambda: page.show_part("runs"), "activity", "Alt+R", group=look),
            *(own(slot.key, words, partial(page.show_part, slot.key), icon, keys, group=look) for slot, words, icon, keys in self._slots()),
            own("tab_curves", tr("Show the curves"), tab("curves"), "chart-line", "Alt+1", enabled=watched, group=look),
            own("tab_listen", tr("Show the sounds"), tab("listen"), "headphones", "Alt+2", enabled=watched, group=look),
            own("tab_log", tr("Show the log"), tab("log"), "file-text", "Alt+3", enabled=watched, group=look),
            own("tab_facts", tr("Show settings and files"), tab("facts"), "list", "Alt+4", enabled=watched, group=look),
            own("pause", tr("Pause"), partial(steering.send, "pause"), "pause", "Ctrl+P", tip=tr("Waits after the running step; the memory stays in use"), enabled=takes("pause"), group=steer),
            own("resume", tr("Resume"), partial(steering.send, "resume"), "play", "Ctrl+Shift+P", tip=tr("Goes on after a pause"), enabled=takes("resume"), group=steer),
            own("stop", tr("Stop and save"), partial(steering.send, "stop"), "save", "Ctrl+S", tip=tr("Ends now and keeps everything learned; you can go on later"), enabled=takes("stop"), group=steer),
            own("save", tr("Save a checkpoint now"), partial(steering.send, "save"), "bookmark", "Ctrl+Shift+S", tip=tr("The training goes on"), enabled=takes("save"), group=steer),
            own("preview", tr("Listen now"), partial(steering.send, "preview"), "headphones", "Ctrl+L", tip=tr("Lets the model play a held-out piece at once"), enabled=takes("preview"), group=steer),
            own("phase2", tr("Start phase 2 now"), steering.phase2, "step-forward", "", tip=tr("Phase 1 ends with the running step"), enabled=takes("phase2"), group=steer),
            own("extend", tr("Make it longer…"), steering.extend, "chevrons-right", "Ctrl+E", tip=tr("More steps than were planned; it goes on without a break"), enabled=takes("extend"), group=steer),
            own("schedule", tr("When it begins…"), steering.schedule, "clock", "Ctrl+Shift+W", tip=tr("Lets a run that waits begin now, or later"), enabled=takes("schedule"), group=steer),
            own("cancel", tr("Cancel the training…"), steering.cancel, "x", "Ctrl+Backspace", tip=tr("Ends now; steps since the last checkpoint are lost"), enabled=takes("cancel"), group=steer, danger=True),
            own("go_on", tr("Go on…"), self.go_on, "play", "Ctrl+G", tip=tr("Trains further from a checkpoint of this run"), enabled=can("go_on"), group=steer),
            own("again", tr("New run like this…"), self.again, "copy-plus", "Ctrl+D", tip=tr("The same settings, to be changed where you like"), enabled=can("again")),
            own("star", tr("Star"), self.star, "star", "Ctrl+B", tip=tr("Marks the runs you want to find again"), enabled=can("mark")),
            own("tags", tr("Tags and note…"), self.tags, "tags", "Ctrl+T", enabled=can("mark")),
            own("rename", tr("Rename…"), self.rename, "pencil", "F2", enabled=can("rename")),
            own("reveal", tr("Show in folder"), self.reveal, "external-link", "Ctrl+Shift+R", enabled=can("reveal")),
            own("delete", tr("Move to trash"), self.delete, "trash-2", "Del", tip=tr("Can be undone"), enabled=can("delete"), danger=True),
        ]  # fmt: skip

    def menu(self, parent: QWidget) -> QMenu:
        """What can be done with the selection; what cannot be done now is left out."""
        menu = QMenu(parent)
        registry = self._session.actions
        listed = self._page.stack.currentWidget() is self._page.list
        parts: list[Sequence[str]] = [
            ("training.open",) if listed else (),
            STEERING if listed else STEERING[3:],
            ("training.go_on", "training.again") if listed else (),
            KEEPING,
            ("training.cancel",),
        ]
        for keys in parts:
            shown = [key for key in keys if registry.is_enabled(key)]
            if shown and not menu.isEmpty():
                menu.addSeparator()
            for key in shown:
                menu.addAction(registry.qt(key))
        return menu

    def _slots(self) -> list[tuple[Slot, str, str, str]]:
        about = {
            "compare": (tr("Compare runs"), "git-compare", "Alt+C"),
            "configs": (tr("Show the configurations"), "sliders-horizontal", "Alt+G"),
        }
        return [(slot, *about[slot.key]) for slot in SLOTS if slot.there]

    # Whether

    def _has_project(self) -> bool:
        return self._session.project is not None and self._session.services is not None

    def _away(self) -> bool:
        return self._page.stack.currentWidget() is not self._page.list

    def _findable(self) -> bool:
        return self._page.listing or self._page.shown_run is not None

    def _can(self, action: str) -> bool:
        chosen = self._page.selected
        if not chosen or not self._has_project():
            return False
        if action == "mark":
            return True
        if action == "delete":
            return all(runs.can(row, "delete") for row in chosen)
        row = chosen[0] if len(chosen) == 1 else None
        if row is None:
            return False
        if action in ("open", "reveal"):
            return not row.missing
        view = self._page.shown_run
        if view is not None and view.model is not None and action not in ("rename", "again"):
            return bool(view.model.can(action))
        return runs.can(row, action)

    # Looking

    def open(self) -> None:
        """Watch the selected run."""
        row = self._page.run
        if row is not None:
            self._page.open_run(row.name)

    def back(self) -> None:
        """From an enlarged plot to all of them, from a run to the list."""
        view = self._page.shown_run
        if view is not None and view.curves.large:
            view.curves.enlarge("")
            return
        self._page.show_list()

    def find(self) -> None:
        """Search the list, or the log."""
        view = self._page.shown_run
        if view is not None:
            view.show_tab("log")
            view.log.search.setFocus()
        else:
            self._page.runs.search.setFocus()

    # Going on

    def go_on(self, checkpoint: Path | None = None) -> None:
        """Train further: how far, from which checkpoint, with which changes."""
        from rave_gui.ui.dialogs.run_go_on import GoOnDialog

        row = self._page.run
        if row is not None and self._can("go_on"):
            dialog = GoOnDialog(self._session, row, checkpoint)
            dialog.started.connect(self._page.open_run)
            dialog.show_it()

    def again(self) -> None:
        """A new run with the same settings."""
        row = self._page.run
        if row is not None:
            self._page.new_run(like=row.name)

    # Keeping

    def star(self) -> None:
        """Mark, or take the mark away when all have it."""
        chosen = self._page.selected
        on = not all(row.starred for row in chosen)
        self._set_tags({row.name: _with(row, STAR, on) for row in chosen})

    def tags(self) -> None:
        """Edit tags and note."""
        from rave_gui.ui.dialogs.run_tags import TagsDialog

        chosen = self._page.selected
        if chosen:
            known = sorted({tag for row in self._page.model.rows for tag in row.shown_tags})
            TagsDialog(self._session, chosen, known, self._page.reload).show_it()

    def _set_tags(self, wanted: dict[str, tuple[str, ...]]) -> None:
        project = self._session.project
        if project is None:
            return
        store = project.store

        def work() -> None:
            for name, found in wanted.items():
                store.tag("run", name, found)

        self._session.call(work, lambda _none: self._page.reload())

    def rename(self) -> None:
        """Another name."""
        from rave_gui.ui.dialogs.run_rename import RenameDialog

        row = self._page.run
        if row is not None:
            dialog = RenameDialog(self._session, row)
            dialog.renamed.connect(self._renamed)
            dialog.show_it()

    def _renamed(self, old: str, new: str) -> None:
        session, page = self._session, self._page
        services, project = session.services, session.project
        assert services is not None
        assert project is not None

        def give(before: str, after: str) -> Callable[[], object]:
            from rave_gui.training.naming import rename

            return lambda: session.call(
                lambda: rename(services, project, before, after), lambda _n: page.reload()
            )

        if page.shown_run is not None:
            page.show_list()
        page.runs.table.select(new)
        page.reload()
        session.tell(
            tr("“{old}” is called “{new}” now.", old=old, new=new),
            Step(tr("Rename “{old}” to “{new}”", old=old, new=new), give(new, old), give(old, new)),
        )

    def reveal(self) -> None:
        """Open the folder in the file manager."""
        row = self._page.run
        if row is not None and not QDesktopServices.openUrl(QUrl.fromLocalFile(str(row.path))):
            self._session.fail(
                UserError(
                    tr("The folder could not be opened."),
                    tr("Open it in your file manager: {path}", path=str(row.path)),
                    code="no-file-manager",
                )
            )

    def delete(self) -> None:
        """Move to the project's trash; undo brings back."""
        session, page = self._session, self._page
        services, project = session.services, session.project
        names = [row.name for row in page.selected]
        if services is None or project is None or not names:
            return

        def move() -> list[Any]:
            from rave_gui.workspace import actions

            return [actions.trash_item(services, project, "run", name) for name in names]

        def back(items: list[Any]) -> None:
            from rave_gui.workspace import actions

            session.call(
                lambda: [actions.restore_item(services, project, item) for item in items],
                lambda _names: page.reload(),
            )

        def done(items: list[Any]) -> None:
            if page.stack.currentWidget() is not page.list:
                page.show_list()
            page.reload()
            text = (
                tr("Moved “{name}” to the trash.", name=names[0])
                if len(names) == 1
                else trn("Moved {n} run to the trash.", "Moved {n} runs to the trash.", len(names))
            )
            session.tell(text, Step(text, lambda: back(items)))

        session.call(move, done)


def _with(row: RunItem, tag: str, on: bool) -> tuple[str, ...]:
    rest = tuple(t for t in row.tags if t != tag)
    return (*rest, tag) if on else rest
