"""Everything that can be done with datasets, as actions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMenu, QWidget

from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.pages.datasets.making import Making
from rave_gui.ui.pages.datasets.tabs import TAB_ICONS, tab_names
from rave_gui.ui.shell.actions import Action
from rave_gui.ui.shell.undo import Step
from rave_gui.viewmodels.datasets import Entry

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.projects import Project
    from rave_gui.ui.pages.datasets.page import DatasetsPage

MENU = (
    "open",
    "pause",
    "resume",
    "retry",
    "cancel",
    "train",
    "append",
    "",
    "rename",
    "tags",
    "clone",
    "backup",
    "reveal",
    "",
    "measure",
    "check",
    "audit",
    "clean",
    "repair",
    "",
    "delete",
)
"""Menu of one dataset; an empty word draws a line."""
MENU_OF_ALL = ("new", "adopt", "restore")
FLEETING = frozenset({"pause", "resume", "retry", "cancel"})
"""In the menu only while they can be done."""


class Commands:
    """Actions of the page; each is about :attr:`DatasetsPage.current`."""

    def __init__(self, page: DatasetsPage) -> None:
        self._page = page
        self._session = page.session
        self.making = Making(page.session, lambda: page.current, page.reload)

    def actions(self) -> Sequence[Action]:
        """Made once, when the page is registered."""
        group = tr("Datasets")

        def make(key: str, words: str, run: Callable[[], object], **more: Any) -> Action:
            return Action(f"datasets.{key}", words, run, page="datasets", group=group, **more)

        ready, known, making = self._ready, self._known, self.making
        names = tab_names()
        return [
            make("new", tr("New dataset…"), self._page.new, icon="plus", shortcut="Ctrl+N", tip=tr("Make a dataset of recordings"), enabled=self._has_project),
            make("adopt", tr("Add existing…"), self.adopt, icon="folder-input", tip=tr("Use a dataset made elsewhere, by RAVE's own command too; it stays where it is"), enabled=self._has_project),
            make("restore", tr("Restore a backup…"), self.restore, icon="archive-restore", tip=tr("Make a dataset of an archive written by Back up"), enabled=self._has_project),
            make("search", tr("Search datasets"), self.search, icon="search", shortcut="Ctrl+F", enabled=self._in_list),
            make("open", tr("Open"), self.open, icon="arrow-right", tip=tr("Look into the dataset (Enter)"), enabled=self._openable),
            make("train", tr("Train on it"), self.train, icon="activity", shortcut="Ctrl+T", tip=tr("Start a training with this dataset"), enabled=ready),
            make("append", tr("Add recordings…"), self.append, icon="list-plus", tip=tr("Add more sound; what is in it already is known and passed over"), enabled=ready),
            make("rename", tr("Rename…"), self.rename, icon="pencil", shortcut="F2", enabled=ready),
            make("tags", tr("Category and tags…"), self.tags, icon="tag", tip=tr("Words to find it by"), enabled=known),
            make("clone", tr("Duplicate…"), self.clone, icon="copy-plus", tip=tr("An equal dataset under another name"), enabled=ready),
            make("backup", tr("Back up…"), self.backup, icon="archive", tip=tr("Write it into one archive file"), enabled=ready),
            make("reveal", tr("Show in the file manager"), self.reveal, icon="folder-open", enabled=known),
            make("measure", tr("Measure the sound"), self.measure, icon="chart-bar", tip=tr("Loudness, peaks, spectrum and the map of its chunks"), enabled=self._stored),
            make("check", tr("Check integrity"), self.check, icon="shield-check", tip=tr("Read every chunk and compare it with what was stored"), enabled=ready),
            make("audit", tr("Look into the split"), self.audit, icon="split", tip=tr("Whether a training tests itself on sound it learns from"), enabled=ready),
            make("clean", tr("Clean copy without marked chunks…"), self.clean, icon="sparkles", tip=tr("A copy without the chunks marked as bad"), enabled=ready),
            make("repair", tr("Repaired copy…"), self.repair, icon="wand-sparkles", tip=tr("A copy of everything that can be read"), enabled=known),
            make("export-chunks", tr("Export all chunks…"), lambda: self._in_tab("chunks").export_all(), icon="download", tip=tr("Write every chunk as a sound file"), enabled=self._stored),
            make("jump", tr("Go to a chunk…"), lambda: self._in_tab("chunks").ask_number(), icon="crosshair", shortcut="Ctrl+G", tip=tr("By its number"), enabled=ready),
            make("pause", tr("Pause the job"), making.pause, icon="pause", tip=tr("It waits until you resume it"), enabled=making.can_pause),
            make("resume", tr("Resume the job"), making.resume, icon="play", tip=tr("It goes on where it was; only the missing work is done"), enabled=making.can_resume),
            make("retry", tr("Try again"), making.retry, icon="rotate-ccw", tip=tr("What was done already is used again"), enabled=making.can_retry),
            make("cancel", tr("Cancel the job"), making.cancel, icon="x", tip=tr("End the job; nothing half-made is left behind"), enabled=making.can_cancel, danger=True),
            *(make(f"see-{key}", names[key], partial(self._page.show_tab, key), icon=TAB_ICONS[key], shortcut=f"Alt+{i}", enabled=lambda: self._page.tabbed) for i, key in enumerate(names, 1)),
            make("delete", tr("Move to the trash"), self.delete, icon="trash-2", shortcut="Del", tip=tr("It can be brought back from the project's trash"), enabled=known, danger=True),
            make("back", tr("Back to the datasets"), self._page.show_list, icon="arrow-left", shortcut="Esc", enabled=lambda: not self._in_list(), hidden=True),
        ]  # fmt: skip

    def menu(self, parent: QWidget) -> QMenu | None:
        """What can be done with the current dataset, and in the list with none."""
        menu = QMenu(parent)
        keys = MENU if self._page.current is not None else ()
        for key in keys:
            action = f"datasets.{key}"
            if not key:
                menu.addSeparator()
            elif key not in FLEETING or self._session.actions.is_enabled(action):
                menu.addAction(self._session.actions.qt(action))
        if self._in_list():
            menu.addSeparator()
            for key in MENU_OF_ALL:
                menu.addAction(self._session.actions.qt(f"datasets.{key}"))
            self._page.list.sort_menu(menu)
        return menu

    # When

    def _has_project(self) -> bool:
        return self._session.project is not None and self._session.services is not None

    def _in_list(self) -> bool:
        return self._page.stack.currentWidget() is self._page.home

    def _ready(self) -> bool:
        entry = self._page.current
        return self._has_project() and entry is not None and entry.usable_now

    def _stored(self) -> bool:
        """It can be used, and holds its sound itself."""
        entry = self._page.current
        return self._ready() and entry is not None and not entry.lazy

    def _known(self) -> bool:
        entry = self._page.current
        return self._has_project() and entry is not None and entry.state != "building"

    def _openable(self) -> bool:
        return self._in_list() and self._page.current is not None

    # What

    def _with(self) -> tuple[Services, Project, Entry]:
        services, project, entry = self._session.services, self._session.project, self._page.current
        if services is None or project is None or entry is None:  # the action is disabled then
            raise RuntimeError("no dataset is chosen")
        return services, project, entry

    def open(self) -> None:
        """Look into the chosen dataset."""
        entry = self._page.current
        if entry is not None:
            self._page.open_entry(entry)

    def search(self) -> None:
        """Type a word to find a dataset by."""
        self._page.list.search.setFocus()
        self._page.list.search.selectAll()

    def train(self) -> None:
        """Begin a training with it."""
        _, _, entry = self._with()
        self._session.go("training", new=entry.name)

    def append(self) -> None:
        """Add recordings to it."""
        from rave_gui.ui.dialogs.dataset_append import AppendDialog

        _, _, entry = self._with()
        dialog = AppendDialog(self._session, entry)
        dialog.begun.connect(lambda _view: self._page.reload())
        dialog.show_it()

    def rename(self) -> None:
        """Give it another name."""
        from rave_gui.ui.dialogs.dataset_name import NameDialog

        services, project, entry = self._with()

        def to(old: str, new: str) -> None:
            from rave_gui.datasets import actions

            actions.rename(services, project.path, old, new)

        def redo(old: str, new: str) -> None:
            self._session.call(lambda: to(old, new), lambda _r: self._page.renamed(old, new))

        def done(new: str) -> None:
            old = entry.name
            self._page.renamed(old, new)
            step = Step(
                tr("Renamed “{old}” to “{new}”", old=old, new=new),
                lambda: redo(new, old),
                lambda: redo(old, new),
            )
            self._session.tell(tr("“{old}” is called “{new}” now.", old=old, new=new), step)

        NameDialog(
            self._session,
            tr("Rename “{name}”", name=entry.name),
            tr("Runs that were trained on it keep knowing it."),
            action=tr("Rename"),
            name=entry.name,
            taken=self._taken(entry.name),
            work=lambda new: to(entry.name, new),
            done=done,
        ).show_it()

    def tags(self) -> None:
        """Words to find it by."""
        from rave_gui.ui.dialogs.dataset_tags import TagsDialog

        services, project, entry = self._with()

        def put(category: str, tags: Sequence[str]) -> None:
            from rave_gui.datasets import actions

            actions.categorise(services, project.path, entry.name, category)
            actions.tag(services, project.path, entry.name, tags)

        def again(words: tuple[str, list[str]]) -> None:
            self._session.call(lambda: put(*words), lambda _r: self._page.reload())

        def done(category: str, tags: list[str]) -> None:
            old, new = (entry.category, list(entry.tags)), (category, tags)
            self._page.reload()
            step = Step(
                tr("Changed the category and tags of “{name}”", name=entry.name),
                lambda: again(old),
                lambda: again(new),
            )
            self._session.tell(tr("The category and tags of “{name}” were changed.", name=entry.name), step)

        TagsDialog(self._session, entry, self._page.library, put, done).show_it()

    def clone(self) -> None:
        """An equal dataset under another name."""

        services, project, entry = self._with()

        def work(new: str) -> Any:
            from rave_gui.datasets import actions

            return self._begin(
                project,
                new,
                actions.clone(services, entry.path, project.datasets / new, project=project.path),
            )

        self._name_dialog(
            tr("Duplicate “{name}”", name=entry.name),
            tr("Where the disk allows it, the copy takes no room of its own."),
            action=tr("Duplicate"),
            entry=entry,
            work=work,
        )

    def repair(self) -> None:
        """A repaired copy; the dataset itself is not touched."""
        services, project, entry = self._with()

        def work(new: str) -> Any:
            from rave_gui.datasets import actions

            return self._begin(
                project,
                new,
                actions.repair(services, entry.path, project.datasets / new, project=project.path),
            )

        self._name_dialog(
            tr("Repair “{name}”", name=entry.name),
            tr("A copy is made without the chunks that cannot be used. The dataset itself is not touched."),
            action=tr("Repair"),
            entry=entry,
            work=work,
            suffix=tr("repaired"),
        )

    def clean(self) -> None:
        """A copy without the chunks marked bad; where none is, the chunks are shown so that some can be."""
        services, _project, entry = self._with()

        def work() -> int:
            from rave_gui.datasets.browse import marks

            return len(marks(entry.path, paths=services.paths))

        def done(bad: int) -> None:
            if bad:
                self._clean(entry, bad)
                return
            self._page.detail_of(entry).show_tab("chunks")
            self._session.tell(tr("No chunk is marked as bad yet. Choose some and press B to mark them."))

        self._session.call(work, done)

    def _clean(self, entry: Entry, bad: int) -> None:
        services, project, _ = self._with()

        def work(new: str) -> Any:
            from rave_gui.datasets import actions

            return self._begin(
                project,
                new,
                actions.clean_copy(services, entry.path, project.datasets / new, project=project.path),
            )

        self._name_dialog(
            tr("Clean copy of “{name}”", name=entry.name),
            trn("A copy without the {n} chunk you marked. The dataset itself is not touched.", "A copy without the {n} chunks you marked. The dataset itself is not touched.", bad),
            action=tr("Make the copy"),
            entry=entry,
            work=work,
            suffix=tr("clean"),
        )  # fmt: skip

    def _name_dialog(
        self,
        title: str,
        intro: str,
        *,
        action: str,
        entry: Entry,
        work: Callable[[str], Any],
        suffix: str = "",
    ) -> None:
        from rave_gui.ui.dialogs.dataset_name import NameDialog

        taken = self._taken("")
        base = f"{entry.name} {suffix}".strip()
        name, number = base, 1
        while name.casefold() in taken:
            number += 1
            name = f"{base}-{number}"

        def begun(new: str) -> None:
            self._page.reload()
            self._session.tell(tr("“{name}” is being made.", name=new))

        NameDialog(
            self._session,
            title,
            intro,
            action=action,
            name=name,
            taken=taken,
            work=work,
            done=begun,
        ).show_it()

    @staticmethod
    def _begin(project: Project, name: str, view: Any) -> Any:
        project.store.register("dataset", name, project.datasets / name, job=view.id)
        return view

    def _taken(self, but: str) -> frozenset[str]:
        return frozenset(e.name.casefold() for e in self._page.library.entries if e.name != but)

    def backup(self) -> None:
        """Write it into one archive."""
        services, project, entry = self._with()
        target = self._session.pick_save(
            tr("Back up “{name}”", name=entry.name),
            str(Path.home() / f"{entry.name}.ravedataset"),
            f"{tr('Dataset archives')} (*.ravedataset)",
        )
        if target is None:
            return

        def work() -> Any:
            from rave_gui.datasets import actions

            return actions.export(services, entry.path, target, project=project.path)

        self._session.call(
            work,
            lambda _view: self._session.tell(tr("“{name}” is being backed up; see Jobs.", name=entry.name)),
        )

    def restore(self) -> None:
        """A dataset of an archive."""
        services, project = self._session.services, self._session.project
        files = self._session.pick_files(
            tr("Choose a backup"), f"{tr('Dataset archives')} (*.ravedataset *.zip);;{tr('All files')} (*)"
        )
        if not files or services is None or project is None:
            return
        from rave_gui.projects.names import free_name, safe_name

        def work() -> Any:
            from rave_gui.datasets import actions

            name = free_name(project.datasets, safe_name(files[0].name.split(".")[0], tr("dataset")))
            output = project.datasets / name
            view = actions.restore(services, files[0], output, project=project.path)
            self._begin(project, name, view)
            return name

        def done(found: str) -> None:
            self._page.reload()
            self._session.tell(tr("“{name}” is being restored.", name=found))

        self._session.call(work, done)

    def adopt(self) -> None:
        """Use a dataset that lies elsewhere."""
        services, project = self._session.services, self._session.project
        folder = self._session.pick_folder(tr("Choose the folder of a dataset (it holds data.mdb)"), "")
        if folder is None or services is None or project is None:
            return

        def work() -> Any:
            from rave_gui.datasets import actions

            return actions.adopt(services, folder, project.path)

        def done(found: Any) -> None:
            self._page.reload()
            self._session.tell(
                tr(
                    "“{name}” can be used now; it stays where it is.",
                    name=str(found.get("name", folder.name)),
                )
            )

        self._session.call(work, done)

    def reveal(self) -> None:
        """Show its folder in the system's file manager."""
        _, _, entry = self._with()
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(entry.path)))

    def measure(self) -> None:
        """Statistics and map, as a job."""
        self._page.detail_of(self._with()[2]).measure()

    def check(self) -> None:
        """Integrity, as a job."""
        self._page.detail_of(self._with()[2]).check()

    def audit(self) -> None:
        """What a training tests itself on."""
        self._in_tab("health").audit()

    def _in_tab(self, key: str) -> Any:
        """A part of the view of the current dataset, shown now."""
        detail = self._page.detail_of(self._with()[2])
        detail.show_tab(key)
        return detail.tabs[key]

    def delete(self) -> None:
        """To the project's trash; says first which runs were trained on it."""
        services, project, entry = self._with()

        def look() -> Any:
            from rave_gui.workspace import actions

            return actions.used_by(services, project, "dataset", entry.name)

        def asked(uses: Any) -> None:
            runs = [use.name for use in uses if use.kind == "run"]
            if runs and not self._session.ask(
                tr("Move “{name}” to the trash?", name=entry.name),
                trn(
                    "A run was trained on it: {runs}. It can be played and exported as before, but not trained further until the "
                    "dataset is brought back.",
                    "{n} runs were trained on it: {runs}. They can be played and exported as before, but not trained further until "
                    "the dataset is brought back.",
                    len(runs),
                    runs=", ".join(runs[:6]) + (" …" if len(runs) > 6 else ""),
                ),
                tr("Move to the trash"),
                True,
            ):
                return
            self._trash(services, project, entry.name)

        self._session.call(look, asked)

    def _trash(self, services: Services, project: Project, name: str) -> None:
        state: dict[str, Any] = {}

        def put() -> Any:
            from rave_gui.datasets.actions import elsewhere
            from rave_gui.workspace import actions

            called = state.get("name", name)
            state["place"] = elsewhere(project.path, called)
            return actions.trash_item(services, project, "dataset", called)

        def back() -> str:
            from rave_gui.workspace import actions

            return actions.restore_item(services, project, state["item"])

        def gone(item: Any) -> None:
            state["item"] = item
            self._page.gone(name)

        def there(restored: str) -> None:
            state["name"] = restored
            self._page.reload()

        def undo() -> None:
            self._session.call(back, there)

        def redo() -> None:
            self._session.call(put, gone)

        def done(item: Any) -> None:
            gone(item)
            step = Step(tr("Moved “{name}” to the trash", name=name), undo, redo)
            said = tr("“{name}” is in the trash.", name=name)
            if state["place"] is not None:
                said = tr(
                    "The project does not use “{name}” any more. Its files stay where they are: {place}",
                    name=name,
                    place=state["place"],
                )
            self._session.tell(said, step)

        self._session.call(put, done)
