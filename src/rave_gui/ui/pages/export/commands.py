"""Everything a user can do with exports, as actions of the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.actions import Action
from rave_gui.ui.widgets import things

if TYPE_CHECKING:
    from rave_gui.ui.pages.export.page import ExportPage
    from rave_gui.viewmodels.exports import Export

PAGE = "export"


class ExportCommands:
    """Works on the chosen export."""

    def __init__(self, page: ExportPage) -> None:
        self._page, self._session = page, page.session

    def actions(self) -> Sequence[Action]:
        """All of them; keys begin with ``export.``."""
        page = self._page
        make, own = tr("Make exports"), tr("Exports")

        def one() -> bool:
            return self._one() is not None

        return [
            Action("export.new", tr("New export…"), page.begin, "plus", "Ctrl+N", PAGE, make, tr("Make a file for a host of a trained model"), page.can_begin),
            Action("export.submit", tr("Export now"), page.form.submit, "package", "Ctrl+Return", PAGE, make, "", page.making),
            Action("export.back", tr("Back to all exports"), page.show_list, "arrow-left", "Esc", PAGE, make, "", page.making),
            Action("export.verify", tr("Verify again"), self.verify, "shield-check", "Ctrl+Shift+V", PAGE, own, tr("Tests the file once more, as a host uses it"), one),
            Action("export.play", tr("Play with it"), self.play, "audio-lines", "Ctrl+P", PAGE, own, tr("Opens the Play page with this file"), one),
            Action("export.reveal", tr("Show in folder"), self.reveal, "folder-open", "Ctrl+Shift+R", PAGE, own, "", one),
            Action("export.copy", tr("Copy the path"), self.copy, "copy", "Ctrl+Shift+P", PAGE, own, "", one),
            Action("export.find", tr("Search"), self.find, "search", "Ctrl+F", PAGE, own),
            Action("export.delete", tr("Move to trash"), self.delete, "trash-2", "Del", PAGE, own, tr("Can be undone"), one, danger=True),
        ]  # fmt: skip

    def menu(self, parent: QWidget) -> QMenu:
        """What can be done with an export."""
        menu = QMenu(parent)
        registry = self._session.actions
        for key in ("export.verify", "export.play", "export.reveal", "export.copy", "export.delete"):
            if key == "export.delete":
                menu.addSeparator()
            menu.addAction(registry.qt(key))
        return menu

    def _one(self) -> Export | None:
        return None if self._page.making() else self._page.selected()

    def verify(self) -> None:
        """Test the file again, as a job."""
        services, project = self._session.services, self._session.project
        export = self._one()
        if services is None or project is None or export is None:
            return
        from rave_gui.exports import actions

        file = str(export.row.file)
        self._session.call(lambda: actions.verify(services, project, file), self._page.follow)

    def play(self) -> None:
        """Open the Play page with this file."""
        export = self._one()
        if export is not None:
            self._session.go("play", model=str(export.row.file))

    def reveal(self) -> None:
        """Open its folder."""
        export = self._one()
        if export is not None:
            things.reveal(self._session, export.row.path)

    def copy(self) -> None:
        """The file's path, to the clipboard."""
        export = self._one()
        if export is not None and export.row.file is not None:
            things.copy_path(self._session, export.row.file)

    def find(self) -> None:
        """Search the exports."""
        self._page.show_list()
        self._page.search.setFocus()

    def delete(self) -> None:
        """Move the export to the trash."""
        export = self._one()
        if export is not None:
            things.move_to_trash(self._session, "export", export.name, self._page.reload)
