"""A new configuration of one's own: its name, where it is kept, and what it begins with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.fields import ChoiceField, TextField
from rave_gui.viewmodels.configs import ConfigItem

EMPTY = """# {name}: put this on top of a model, for example v2.
from __gin__ import dynamic_registration

# Macros in capitals are the short way to change a model:
# CAPACITY = 48
"""


class NewConfigDialog(Dialog):
    """``of``: the configuration it is a copy of, None for an empty one. ``done`` gets the path."""

    def __init__(
        self, session: Session, of: ConfigItem | None, taken: frozenset[str], done: Callable[[Path], None]
    ) -> None:
        title = (
            tr("My own copy of {name}", name=of.title or of.name)
            if of is not None
            else tr("New configuration")
        )
        super().__init__(
            session,
            title,
            tr("RAVE's own files stay as they are; yours lie in your settings, or travel with the project."),
            action=tr("Create"),
            width=520,
        )
        self._of, self._done = of, done
        self.name = TextField(
            session.themes, tr("Name"), tr("Letters, figures, - and _"), placeholder="my_model"
        )
        number, proposed = 1, f"my_{of.name}" if of is not None else "my_model"
        while (proposed if number == 1 else f"{proposed}_{number}") in taken:
            number += 1
        self.name.set_value(proposed if number == 1 else f"{proposed}_{number}")
        self.box.addWidget(self.name)
        places = [("own", tr("For all my projects"))]
        if session.project is not None:
            places.append(("project", tr("In this project")))
        self.place = ChoiceField(session.themes, tr("Kept"), places)
        self.place.set_value("own")
        self.box.addWidget(self.place)
        self.name.setFocus()

    def submit(self) -> None:
        """Write it."""
        services = self.session.services
        if services is None:
            return
        from rave_gui.configs import actions

        name, of = self.name.value().strip(), self._of
        inside = self.place.value() == "project" and self.session.project is not None
        project = self.session.project.path if inside and self.session.project is not None else None
        self.busy(True)

        def work() -> Path:
            text = (
                Path(of.path).read_text(encoding="utf-8", errors="replace")
                if of is not None
                else EMPTY.format(name=name)
            )
            return actions.save_own(services, name, text, project=project)

        def done(path: Path) -> None:
            self.accept()
            self._done(path)

        self.call(work, done)
