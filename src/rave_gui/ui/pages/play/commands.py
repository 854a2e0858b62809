"""Everything a user can do on the Play page, as actions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu, QWidget

from rave_gui.play import actions as play
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.actions import Action
from rave_gui.ui.widgets import things

if TYPE_CHECKING:
    from rave_gui.play.actions import Take
    from rave_gui.ui.pages.play.page import PlayPage

PAGE = "play"
SOUND_FILES = "*.wav *.flac *.ogg *.mp3 *.aif *.aiff *.m4a *.opus *.wma *.mp4"


class PlayCommands:
    """Works on the page's state and its takes."""

    def __init__(self, page: PlayPage) -> None:
        self._page, self._session = page, page.session

    def actions(self) -> Sequence[Action]:
        """All of them; keys begin with ``play.``."""
        page, model = self._page, self._page.model
        sound, takes = tr("Play through a model"), tr("Takes")

        def take() -> bool:
            return self._take() is not None

        return [
            Action("play.keep", tr("Keep as take"), self.keep, "save", "Ctrl+S", PAGE, sound, tr("Writes what you hear into the project, with its settings inside"), self._can_keep),
            Action("play.save", tr("Save as…"), self.save, "download", "Ctrl+Shift+S", PAGE, sound, tr("Writes what you hear to a file anywhere"), self._can_keep),
            Action("play.open", tr("Choose a sound…"), self.browse, "folder-open", "Ctrl+O", PAGE, sound, "", self._has_project),
            Action("play.offers", tr("Sounds at hand"), page.controls.show_offers, "list-music", "Ctrl+Shift+O", PAGE, sound, "", self._has_project),
            Action("play.shuffle", tr("Another seed"), model.shuffle, "shuffle", "R", PAGE, sound, tr("Counts when randomness is above zero"), lambda: model.randomness > 0),
            Action("play.take_open", tr("Go on from this take"), self.open_take, "corner-down-left", "", PAGE, takes, tr("Brings its sound, model and settings back"), take),
            Action("play.find", tr("Search takes"), self.find, "search", "Ctrl+F", PAGE, takes),
            Action("play.reveal", tr("Show in folder"), self.reveal, "external-link", "Ctrl+Shift+R", PAGE, takes, "", take),
            Action("play.copy", tr("Copy the path"), self.copy, "copy", "Ctrl+Shift+P", PAGE, takes, "", take),
            Action("play.delete", tr("Move the take to the trash"), self.delete, "trash-2", "Del", PAGE, takes, tr("Can be undone"), take, danger=True),
            *page.player.page_actions(PAGE),
        ]  # fmt: skip

    def menu(self, parent: QWidget) -> QMenu:
        """What can be done with a take."""
        menu = QMenu(parent)
        registry = self._session.actions
        for key in ("play.take_open", "play.reveal", "play.copy", "play.delete"):
            if key == "play.delete":
                menu.addSeparator()
            menu.addAction(registry.qt(key))
        return menu

    def _has_project(self) -> bool:
        return self._session.project is not None and bool(self._page.material.models)

    def _can_keep(self) -> bool:
        model = self._page.model
        return model.rendered is not None and not model.outdated and not model.busy

    def _take(self) -> Take | None:
        return self._page.takes.one()

    def browse(self) -> None:
        """Choose a sound file."""
        names = tr("Sound files ({patterns});;All files (*)", patterns=SOUND_FILES)
        found = self._session.pick_files(tr("Send a sound through the model"), names)
        if found:
            self._page.take_files(found[:1])

    def keep(self) -> None:
        """Write a take."""
        services, project = self._session.services, self._session.project
        model = self._page.model
        made = model.rendered
        if services is None or project is None or made is None:
            return
        mix, gain = model.mix, model.gain

        def done(path: Path) -> None:
            self._page.reload()
            self._page.takes.table.select(path.stem)
            self._session.tell(tr("“{name}” is kept in this project's takes.", name=path.stem))

        self._session.call(lambda: play.keep(services, project, made, mix=mix, gain=gain), done)

    def save(self) -> None:
        """Write a file anywhere."""
        services, project = self._session.services, self._session.project
        model = self._page.model
        made = model.rendered
        if services is None or project is None or made is None:
            return
        target = self._session.pick_save(
            tr("Save what you hear"),
            str(Path.home() / f"{made.source.stem} through {made.run}.wav"),
            tr("WAV file (*.wav)"),
        )
        if target is None:
            return
        mix, gain = model.mix, model.gain
        self._session.call(
            lambda: play.save(services, project, made, target, mix=mix, gain=gain),
            lambda path: self._session.tell(tr("Saved: {path}", path=path)),
        )

    def open_take(self) -> None:
        """Go on from the chosen take."""
        take = self._take()
        if take is not None:
            self._page.open_take(take)

    def find(self) -> None:
        """Search takes."""
        self._page.takes.search.setFocus()

    def reveal(self) -> None:
        """Open the take's folder."""
        take = self._take()
        if take is not None:
            things.reveal(self._session, take.path)

    def copy(self) -> None:
        """The take's path, to the clipboard."""
        take = self._take()
        if take is not None:
            things.copy_path(self._session, take.path)

    def delete(self) -> None:
        """Move the take to the trash."""
        take = self._take()
        if take is not None:
            things.move_to_trash(self._session, "take", take.name, self._page.reload)
