"""What can be done with any file or folder of a project: show it, copy its path, move it to the trash and back."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

from rave_gui.errors import UserError
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.undo import Step

if TYPE_CHECKING:
    from rave_gui.ui.shell.session import Session

Kind = Literal["dataset", "run", "export", "take"]
DAY = 86_400.0


def reveal(session: Session, path: Path) -> None:
    """Open the folder that holds a file (or the folder itself) in the system's file manager."""
    folder = path if path.is_dir() else path.parent
    if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
        session.fail(
            UserError(
                tr("The folder could not be opened."),
                tr("Open it in your file manager: {path}", path=folder),
                code="no-file-manager",
            )
        )


def copy_path(session: Session, path: Path) -> None:
    """Put a path on the clipboard."""
    QGuiApplication.clipboard().setText(str(path))
    session.tell(tr("The path is on the clipboard."))


def move_to_trash(session: Session, kind: Kind, name: str, done: Callable[[], Any]) -> None:
    """Move a thing of the open project to its trash, and offer to undo it. ``done`` follows either way."""
    services, project = session.services, session.project
    if services is None or project is None:
        return
    from rave_gui.workspace import actions

    def moved(item: Any) -> None:
        def back() -> None:
            session.call(
                lambda: actions.restore_item(services, project, item),
                lambda _name: done(),
            )

        text = tr("“{name}” is in the trash.", name=name)
        done()
        session.tell(text, Step(text, back))

    session.call(lambda: actions.trash_item(services, project, kind, name), moved)


def when(seconds: float) -> str:
    """A moment in the past, as people say it."""
    moment = datetime.fromtimestamp(seconds).astimezone()
    age = time.time() - seconds
    if age < 60:
        return tr("just now")
    if age < 3600:
        return tr("{n} min ago", n=int(age // 60))
    today = datetime.now().astimezone().date()
    if moment.date() == today:
        return tr("today {time}", time=moment.strftime("%H:%M"))
    if (today - moment.date()).days == 1:
        return tr("yesterday {time}", time=moment.strftime("%H:%M"))
    return moment.strftime("%Y-%m-%d")
