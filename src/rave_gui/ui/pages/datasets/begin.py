"""Beginning a job on a dataset from a button of its view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QWidget

from rave_gui.ui.shell.session import Session
from rave_gui.viewmodels.datasets import Entry


def begin(
    session: Session,
    entry: Entry | None,
    button: QWidget,
    action: str,
    done: Callable[[Any], None],
) -> None:
    """Begin ``action`` of :mod:`rave_gui.datasets.actions`; ``done`` gets the job. Until it has ended the button rests."""
    services, project = session.services, session.project
    if services is None or entry is None:
        return
    folder, path = entry.path, project.path if project is not None else None
    button.setEnabled(False)

    def work() -> Any:
        from rave_gui.datasets import actions

        return getattr(actions, action)(services, folder, path)

    def failed(error: Exception) -> None:
        button.setEnabled(True)
        session.fail(error)

    session.call(work, done, failed)
