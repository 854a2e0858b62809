"""Everything a user can do with models, as actions of the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QMenu, QWidget

from rave_gui.play import actions as play
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.models.checkpoints import checkpoint_name
from rave_gui.ui.pages.models.measure import MeasureDialog
from rave_gui.ui.shell.actions import Action
from rave_gui.ui.widgets import things
from rave_gui.viewmodels.models import Hearing

if TYPE_CHECKING:
    from rave_gui.models.actions import Checkpoint
    from rave_gui.play.actions import Take
    from rave_gui.ui.pages.models.page import ModelsPage

PAGE = "models"
SOUND_FILES = "*.wav *.flac *.ogg *.mp3 *.aif *.aiff *.m4a *.opus *.wma *.mp4"


class ModelCommands:
    """Works on the page's model, its chosen checkpoint and takes."""

    def __init__(self, page: ModelsPage) -> None:
        self._page, self._session = page, page.session

    def actions(self) -> Sequence[Action]:
        """All of them; keys begin with ``models.``."""
        use, look, files = tr("Use a model"), tr("Look at models"), tr("Files of models")
        page = self._page

        def tab(key: str) -> Any:
            return lambda: page.detail.show_tab(key)

        return [
            Action("models.render", tr("Render a file…"), self.render, "file-music", "Ctrl+N", PAGE, use, tr("Send a sound file through the model; the result is kept as a take"), self._can_use),
            Action("models.measure", tr("Measure"), self.measure, "chart-bar", "Ctrl+Shift+M", PAGE, use, tr("Let the model rebuild held-out sound and measure how close it comes"), self._can_use),
            Action("models.compare", tr("Compare two checkpoints"), self.compare, "git-compare", "Ctrl+Shift+C", PAGE, use, tr("Hear the same sound through both"), self._can_compare),
            Action("models.play", tr("Play with it"), self.play, "audio-lines", "Ctrl+P", PAGE, use, tr("Opens the Play page with this model"), self._can_use),
            Action("models.export", tr("Export…"), self.export, "package", "Ctrl+E", PAGE, use, tr("Make a file for Max, Pure Data, SuperCollider or a plugin of this checkpoint"), self._can_use),
            Action("models.go_on", tr("Continue training…"), self.go_on, "activity", "Ctrl+G", PAGE, use, "", self._has_model),
            Action("models.listen", tr("Show the sounds"), tab("listen"), "headphones", "Alt+1", PAGE, look, "", self._has_model),
            Action("models.checkpoints", tr("Show the checkpoints"), tab("checkpoints"), "bookmark", "Alt+2", PAGE, look, "", self._has_model),
            Action("models.takes", tr("Show the takes"), tab("takes"), "list-music", "Alt+3", PAGE, look, "", self._has_model),
            Action("models.find", tr("Search"), self.find, "search", "Ctrl+F", PAGE, look),
            Action("models.reveal", tr("Show in folder"), self.reveal, "external-link", "Ctrl+Shift+R", PAGE, files, "", self._has_model),
            Action("models.copy", tr("Copy the path"), self.copy, "copy", "Ctrl+Shift+P", PAGE, files, "", self._has_model),
            Action("models.delete", tr("Move to trash"), self.delete, "trash-2", "Del", PAGE, files, tr("Can be undone"), self._has_model, danger=True, words=self._delete_words),
            *page.detail.listen.player.page_actions(PAGE),
        ]  # fmt: skip

    def menu(self, parent: QWidget) -> QMenu:
        """What can be done with the model, its checkpoint or a take."""
        menu = QMenu(parent)
        registry = self._session.actions
        for part in (
            (
                "models.render",
                "models.measure",
                "models.compare",
                "models.play",
                "models.export",
                "models.go_on",
            ),
            ("models.reveal", "models.copy"),
            ("models.delete",),
        ):
            if not menu.isEmpty():
                menu.addSeparator()
            for key in part:
                if registry.is_enabled(key) or key in ("models.render", "models.export"):
                    menu.addAction(registry.qt(key))
        return menu

    # Whether

    def _has_model(self) -> bool:
        return self._page.detail.detail is not None and self._session.project is not None

    def _can_use(self) -> bool:
        return self._has_model() and self._page.detail.checkpoint is not None

    def _pair(self) -> list[Checkpoint]:
        found = self._page.detail.checkpoints.selected()
        return found if len(found) == 2 else []

    def _can_compare(self) -> bool:
        return self._can_use() and bool(self._pair())

    def _take(self) -> Take | None:
        return self._page.detail.takes.one()

    def _delete_words(self) -> str:
        take = self._take()
        if take is not None:
            return tr("Move the take to the trash")
        return tr("Move the model to the trash")

    # Doing

    def render(self) -> None:
        """Choose a file and render it."""
        names = tr("Sound files ({patterns});;All files (*)", patterns=SOUND_FILES)
        for path in self._session.pick_files(tr("Send a sound through the model"), names):
            self.render_file(path)

    def render_file(self, source: Path) -> None:
        """Send a file through the model as a job; the take is heard when it is there."""
        services, project = self._session.services, self._session.project
        checkpoint = self._page.detail.checkpoint
        if services is None or project is None or checkpoint is None:
            return
        from rave_gui.models import actions

        path = str(checkpoint.path)

        def work() -> Any:
            return actions.render(services, project, path, play.prepare(services, source))

        self._session.call(work, self._page.follow)

    def measure(self) -> None:
        """Evaluate on the dataset of the training, or on the one the user names."""
        detail = self._page.detail.detail
        if detail is None:
            return
        known = self._page.models.datasets
        if detail.run.dataset in known:
            self._measure_on(str(detail.run.dataset))
            return
        dialog = MeasureDialog(self._session, detail.run.name, known)
        dialog.accepted_dataset.connect(self._measure_on)
        dialog.show_it()

    def _measure_on(self, dataset: str) -> None:
        services, project = self._session.services, self._session.project
        checkpoint = self._page.detail.checkpoint
        if services is None or project is None or checkpoint is None:
            return
        from rave_gui.models import actions

        path = str(checkpoint.path)
        self._session.call(lambda: actions.evaluate(services, project, path, dataset), self._page.follow)

    def compare(self) -> None:
        """Both chosen checkpoints on the sound that is heard now, or on one that the user chooses."""
        pair = self._pair()
        hearing = self._page.detail.listen.hearing
        source = hearing.original if hearing is not None else None
        if source is None:
            names = tr("Sound files ({patterns});;All files (*)", patterns=SOUND_FILES)
            chosen = self._session.pick_files(tr("Compare them on this sound"), names)
            source = chosen[0] if chosen else None
        if len(pair) == 2 and source is not None:
            self.compare_on(pair, source)

    def compare_on(self, pair: Sequence[Checkpoint], source: Path) -> None:
        """Render with both and hear the three in turn."""
        services, project = self._session.services, self._session.project
        if services is None or project is None:
            return
        self._page.busy(tr("Both checkpoints play the sound…"))

        def work() -> Hearing:
            made = [play.render_now(services, project, c.path, source) for c in pair]
            return Hearing(
                source,
                tuple((checkpoint_name(c), r.path) for c, r in zip(pair, made, strict=True)),
                None,
                tr("Comparison on {name}", name=source.name),
            )

        self._session.call(work, self._page.heard, self._page.not_heard)

    def play(self) -> None:
        """Open the Play page with this checkpoint."""
        checkpoint = self._page.detail.checkpoint
        if checkpoint is not None:
            self._session.go("play", model=str(checkpoint.path))

    def export(self) -> None:
        """Open the Export page with this checkpoint."""
        checkpoint = self._page.detail.checkpoint
        if checkpoint is not None:
            self._session.go("export", model=str(checkpoint.path))

    def go_on(self) -> None:
        """Open the run on the Training page."""
        detail = self._page.detail.detail
        if detail is not None:
            self._session.go("training", run=detail.run.name)

    def find(self) -> None:
        """Search models, or takes while these are seen."""
        takes = self._page.detail.takes
        (takes.search if takes.isVisible() and takes.search.isVisible() else self._page.search).setFocus()

    def _path(self) -> Path | None:
        take = self._take()
        if take is not None:
            return take.path
        checkpoint = self._page.detail.checkpoint
        return checkpoint.path if checkpoint is not None else None

    def reveal(self) -> None:
        """Open the folder of the take or of the checkpoint."""
        path = self._path()
        if path is not None:
            things.reveal(self._session, path)

    def copy(self) -> None:
        """The path of the take or of the checkpoint, to the clipboard."""
        path = self._path()
        if path is not None:
            things.copy_path(self._session, path)

    def delete(self) -> None:
        """Move the chosen take, otherwise the model's run, to the trash."""
        take, detail = self._take(), self._page.detail.detail
        if take is not None:
            self._page.forget(take)
            things.move_to_trash(self._session, "take", take.name, self._page.reload)
        elif detail is not None:
            self._page.detail.listen.player.release()
            things.move_to_trash(self._session, "run", detail.run.name, self._page.reload)
