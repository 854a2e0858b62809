"""A script that makes a run again: seen, copied or saved."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit

from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.theme import fonts
from rave_gui.ui.widgets.basic import Button, Segments, label

KINDS = ("rave-gui", "rave", "python")
SUFFIX = {"rave-gui": ".sh", "rave": ".sh", "python": ".py"}


class ScriptDialog(Dialog):
    """Three ways: with this program's command line, with RAVE's own, or in Python."""

    def __init__(self, session: Session, run: str) -> None:
        super().__init__(
            session,
            tr("Make “{name}” again", name=run),
            tr("A script with every setting of this run, for another computer or for your notes."),
            action=tr("Save…"),
            width=760,
        )
        self._run, self._text = run, ""
        self.kind = "rave-gui"
        self.choice = Segments(
            [
                ("rave-gui", tr("RAVE GUI's commands")),
                ("rave", tr("RAVE's own commands")),
                ("python", tr("Python")),
            ],
            tr("How it is written"),
        )
        self.choice.set(self.kind)
        self.choice.chosen.connect(self._choose)
        self.box.addWidget(self.choice)
        self.note = label("", "caption", wrap=True)
        self.box.addWidget(self.note)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName(tr("Script"))
        self.text.setTabChangesFocus(True)
        self.text.setMinimumHeight(session.themes.theme.px(300))
        font = fonts.mono_font(session.themes.theme)
        families = ", ".join(f'"{f}"' for f in font.families())
        self.text.setStyleSheet(f"font-family: {families}; font-size: {font.pixelSize()}px;")
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.box.addWidget(self.text, 1)
        self.copy = Button(session.themes, tr("Copy"), "copy")
        self.copy.clicked.connect(self._copy)
        self.foot.insertWidget(0, self.copy)
        self._read()

    def submit(self) -> None:
        """Save it where the user says."""
        session = self.session
        services, project = session.services, session.project
        suffix = SUFFIX[self.kind]
        path = session.pick_save(tr("Save the script"), f"{self._run}{suffix}", tr("Scripts (*.sh *.py)"))
        if path is None or services is None or project is None:
            return
        from rave_gui.training.experiments import actions

        target = path if path.suffix else path.with_suffix(suffix)
        kind, run = self.kind, self._run

        def write() -> None:
            target.unlink(missing_ok=True)  # the file dialog has asked already
            actions.save_script(services, project, run, kind=kind, target=target)  # type: ignore[arg-type]

        def done(_none: None) -> None:
            session.tell(tr("Saved {name}.", name=target.name))
            self.accept()

        self.busy(True)
        self.call(write, done)

    def _choose(self, kind: str) -> None:
        self.kind = kind
        self.choice.set(kind)
        self._read()

    def _read(self) -> None:
        services, project = self.session.services, self.session.project
        if services is None or project is None:
            return
        from rave_gui.training.experiments import actions

        kind, run = self.kind, self._run
        notes = {
            "rave-gui": tr("Needs RAVE GUI; every option is kept."),
            "rave": tr(
                "Needs only acids-rave. What RAVE's own command line cannot do is left out, and the script says so."
            ),
            "python": tr("Needs RAVE GUI's Python package."),
        }
        self.note.setText(notes[kind])
        self.busy(True)

        def done(text: str) -> None:
            if kind == self.kind:
                self.busy(False)
                self.text.setPlainText(text)

        self.call(lambda: actions.script(services, project, run, kind=kind), done)  # type: ignore[arg-type]

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self.session.tell(tr("The script is copied."))
