"""Keep the settings of a new run as a template, and hand it on as a file where that is wanted."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rave_gui.errors import UserError
from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.fields import CheckField, TextField


class TemplateDialog(Dialog):
    """Name, a sentence, and whether a file is written for others."""

    def __init__(self, session: Session, fields: Mapping[str, Any], name: str = "") -> None:
        super().__init__(
            session,
            tr("Keep as template"),
            tr("Your next run can begin with these settings. Sounds, names and files are not part of it."),
            action=tr("Keep"),
            icon="bookmark",
            width=500,
        )
        self._fields = dict(fields)
        self._replace = False
        self.name = TextField(session.themes, tr("Name"))
        self.name.set_value(name)
        self.text = TextField(session.themes, tr("What it is for"), lines=2)
        self.share = CheckField(
            session.themes,
            tr("Save it as a file as well"),
            tr("To give it to others: they add it on the first step of a new run."),
        )
        for field in (self.name, self.text, self.share):
            self.box.addWidget(field)
        self.name.changed.connect(self._other_name)
        self.name.setFocus()

    def _other_name(self) -> None:
        self._replace = False
        if self.main is not None:
            self.main.setText(tr("Keep"))

    def submit(self) -> None:
        """Keep it, in a thread; a name that is taken asks once."""
        session = self.session
        services = session.services
        if services is None:
            return
        name, text, replace, fields = (
            self.name.value().strip(),
            self.text.value().strip(),
            self._replace,
            self._fields,
        )
        target: Path | None = None
        if self.share.value():
            target = session.pick_save(
                tr("Save the template"), f"{name}.ravetemplate", tr("Templates (*.ravetemplate)")
            )
            if target is None:
                return
        self.busy(True)

        def work() -> Path:
            from rave_gui.configs import actions

            path = actions.save_template(services, name, fields, text, replace=replace)
            if target is not None:
                shutil.copyfile(path, target)
            return path

        def done(_path: Path) -> None:
            session.tell(tr("The template “{name}” is kept.", name=name))
            self.accept()

        def failed(error: Exception) -> None:
            self.refuse(error)
            if isinstance(error, UserError) and error.code == "name-taken" and self.main is not None:
                self._replace = True
                self.main.setText(tr("Replace it"))

        session.call(work, done, failed)
