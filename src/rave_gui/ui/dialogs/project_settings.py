"""Settings that belong to the open project, made from their declaration."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QTimer

from rave_gui.configs.presets import PRESETS
from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import label
from rave_gui.ui.widgets.fields import ChoiceField, Field, TextField, setting_field


class ProjectSettingsDialog(Dialog):
    """Shows the settings once they were read, and keeps those that were changed."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            session,
            tr("Project settings"),
            tr(
                "They belong to this project and travel with it: what new datasets and trainings start from, and who made it."
            ),
            action=tr("Save"),
            icon="save",
        )
        assert session.project is not None
        self._path = session.project.path
        self.fields: dict[str, Field] = {}
        self._before: dict[str, Any] = {}
        self._wait = label(tr("Loading…"), "muted")
        self.box.addWidget(self._wait)
        self.busy(True)
        from rave_gui.workspace import actions

        self.session.call(lambda: actions.project_settings(self._path), self._fill, self.refuse)

    def submit(self) -> None:
        """Keep what was changed."""
        from rave_gui.workspace import actions

        changed = {
            key: field.value() for key, field in self.fields.items() if field.value() != self._before[key]
        }
        path = self._path

        def keep() -> None:
            for key, value in changed.items():
                actions.set_project_setting(path, key, float(value) if isinstance(value, int) else value)

        def done(_none: None) -> None:
            self.accept()
            if changed:
                self.session.tell(tr("The project's settings were saved."))

        self.busy(True)
        self.session.call(keep, done, self.refuse)

    def _fill(self, values: dict[str, Any]) -> None:
        from rave_gui.workspace.actions import PROJECT_SETTINGS

        self._wait.hide()
        themes = self.session.themes
        for setting in PROJECT_SETTINGS:
            field: Field
            if setting.key == "default_preset":
                options = [
                    ("", tr("The one that suits this computer")),
                    *((p.name, tr(p.label)) for p in PRESETS),
                ]
                field = ChoiceField(themes, tr(setting.label), options, tr(setting.help))
                field.set_value(values[setting.key])
            elif setting.key == "channels":
                field = ChoiceField(
                    themes, tr(setting.label), [(1.0, tr("Mono")), (2.0, tr("Stereo"))], tr(setting.help)
                )
                field.set_value(values[setting.key])
            elif setting.key == "description":
                field = TextField(themes, tr(setting.label), tr(setting.help), lines=3)
                field.set_value(values[setting.key])
            else:
                field = setting_field(themes, setting, values[setting.key])
            self.fields[setting.key] = field
            self._before[setting.key] = field.value()
            self.box.addWidget(field)
        self.box.addStretch(1)
        self.busy(False)
        first = self.fields["description"].editor
        QTimer.singleShot(0, first, first.setFocus)
        self.fit_soon()
