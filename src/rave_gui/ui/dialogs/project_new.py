"""A new project: a name, a place, and how to begin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rave_gui.i18n import N_
from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Segments, label
from rave_gui.ui.widgets.fields import PathField, TextField

BEGINNINGS = (
    ("empty", N_("With nothing")),
    ("sounds", N_("With my recordings")),
    ("demo", N_("With demo sounds")),
)


class NewProjectDialog(Dialog):
    """Makes the project's folder and opens it; then goes where the user wanted to begin."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            session,
            tr("New project"),
            tr("A project is one folder with everything in it. You can move it, back it up and share it."),
            action=tr("Create project"),
            icon="folder-plus",
        )
        themes = session.themes
        self.name = TextField(themes, tr("Name"))
        self.place = PathField(
            themes,
            tr("Inside the folder"),
            lambda: session.pick_folder(tr("Where to keep the project"), self.place.value()),
        )
        self.description = TextField(
            themes, tr("Description"), placeholder=tr("What it is about (may stay empty)"), lines=2
        )
        home = session.memory.project
        parent = Path(home).parent if home and Path(home).parent.is_dir() else Path.home() / "RAVE Projects"
        self.place.set_value(parent)
        self.name.set_value(_free(parent, tr("My project")))
        self.box.addWidget(self.name)
        self.box.addWidget(self.place)
        self.box.addWidget(self.description)
        self.box.addWidget(label(tr("Begin"), "strong"))
        self.begin = Segments([(key, tr(text)) for key, text in BEGINNINGS], tr("Begin"))
        self.begin.set("empty")
        self.beginning = "empty"
        self.begin.chosen.connect(self._begin)
        self.box.addWidget(self.begin)
        self.box.addStretch(1)
        for field in (self.name, self.place):
            field.changed.connect(self._check)
        self._check()
        self.name.editor.setFocus()

    @property
    def path(self) -> Path:
        """Folder that would be made."""
        return Path(self.place.value()).expanduser() / self.name.value().strip()

    def submit(self) -> None:
        """Make it, in a thread; what is wrong with it is shown here."""
        services = self.session.services
        if services is None or not self._check():
            return
        from rave_gui.workspace import actions

        path, name, description = self.path, self.name.value().strip(), self.description.value().strip()
        self.busy(True)
        self.session.call(
            lambda: actions.create(services, path, name=name, description=description),
            self._made,
            self.refuse,
        )

    def _made(self, info: Any) -> None:
        self.accept()
        self.session.use_project(info.path)
        if self.beginning != "empty":
            self.session.go("quickstart", project=str(info.path), demo=self.beginning == "demo")

    def _begin(self, key: str) -> None:
        self.beginning = key

    def _check(self) -> bool:
        name, place = self.name.value().strip(), self.place.value()
        problem = ""
        if not name:
            problem = tr("Give the project a name.")
        elif any(sign in name for sign in '/\\:*?"<>|') or name.strip(". ") != name:
            problem = tr('A name holds none of / \\ : * ? " < > | and does not begin or end with a dot.')
        elif place and _taken(self.path):
            problem = tr("There is a folder of that name already. Choose another name, or open that folder.")
        self.name.show_problem(problem)
        absolute = Path(place).expanduser().is_absolute() if place else False
        where = "" if absolute else tr("Name a folder with its whole path.")
        self.place.show_problem(where)
        self.place.set_help(
            tr("The project will be {path}", path=self.path) if not problem and not where else ""
        )
        if self.main is not None:
            self.main.setEnabled(not problem and not where)
        return not problem and not where


def _taken(path: Path) -> bool:
    """Whether something is in the way (one look at one folder: quick enough while typing)."""
    try:
        return path.exists() and (not path.is_dir() or any(path.iterdir()))
    except OSError:
        return False


def _free(parent: Path, base: str) -> str:
    name, n = base, 2
    while _taken(parent / name):
        name, n = f"{base} {n}", n + 1
    return name
