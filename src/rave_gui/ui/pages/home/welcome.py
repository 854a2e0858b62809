"""The first start: what this is, the engine set up with its progress, and a first sound."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, Card, FlowWidth, IconLabel, label
from rave_gui.ui.widgets.engine_banner import EngineBanner


class Beginning(Card):
    """A way to begin: icon, title, what happens, a button."""

    def __init__(
        self, session: Session, icon: str, title: str, text: str, button: str, *, variant: str = ""
    ) -> None:
        super().__init__(session.themes)
        self.box.addWidget(IconLabel(session.themes, icon, "accent", 28))
        self.box.addWidget(label(title, "lead", wrap=True))
        self.box.addWidget(label(text, "muted", wrap=True), 1, Qt.AlignmentFlag.AlignTop)
        self.button = Button(session.themes, button, "", variant)
        self.button.setAccessibleDescription(text)
        self.box.addWidget(self.button)


class WelcomeView(QScrollArea):
    """Shown until a project is open, or until the user goes on without one."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        themes, space = session.themes, session.themes.theme.space
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        body = QWidget()
        box = QVBoxLayout(body)
        pad = space("xl")
        box.setContentsMargins(pad, pad, pad, pad)
        box.setSpacing(space("l"))
        box.addStretch(1)
        head = QHBoxLayout()
        head.setSpacing(space("l"))
        head.addWidget(IconLabel(themes, "audio-waveform", "accent", 44), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(space("xs"))
        words.addWidget(label(tr("Welcome to RAVE GUI"), "title"))
        words.addWidget(
            label(
                tr(
                    "RAVE learns the sound of recordings and plays it in real time. Here you turn a folder of sounds into a model "
                    "for Max, Pure Data or SuperCollider, without a terminal."
                ),
                "muted",
                wrap=True,
            )
        )
        head.addLayout(words, 1)
        box.addLayout(head)
        self.engine = EngineBanner(themes, session.engine)
        self.engine.wanted.connect(lambda: session.actions.trigger("engine.install"))
        self.engine.cancelled.connect(lambda: session.actions.trigger("engine.cancel"))
        box.addWidget(self.engine)
        self.cards = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self.cards.setSpacing(space("l"))
        self.demo = Beginning(
            session,
            "sparkles",
            tr("Try it with demo sounds"),
            tr(
                "A small model from sounds that come with the program, in a few minutes. The best way to see what happens."
            ),
            tr("Start with demo sounds"),
            variant="primary",
        )
        self.own = Beginning(
            session,
            "music",
            tr("Use your own recordings"),
            tr("Drop a folder of sounds. It becomes a dataset, a training and a model you can play."),
            tr("Choose recordings"),
        )
        self.project = Beginning(
            session,
            "folder-open",
            tr("Open what you have"),
            tr(
                "A project you made before, an archive somebody sent you, or datasets and runs of RAVE itself."
            ),
            tr("Open a project…"),
        )
        for card in (self.demo, self.own, self.project):
            self.cards.addWidget(card, 1)
        self.demo.button.clicked.connect(lambda: self._begin(True))
        self.own.button.clicked.connect(lambda: self._begin(False))
        self.project.button.clicked.connect(lambda: session.actions.trigger("project.open"))
        box.addLayout(self.cards)
        foot = QHBoxLayout()
        self.archive = Button(themes, tr("Import a project archive…"), "archive-restore", "quiet")
        self.archive.clicked.connect(lambda: session.actions.trigger("project.import"))
        self.later = Button(themes, tr("Go on without a project"), "", "quiet")
        self.later.clicked.connect(self._later)
        foot.addWidget(self.archive)
        foot.addStretch(1)
        foot.addWidget(self.later)
        box.addLayout(foot)
        box.addStretch(2)
        self.setWidget(FlowWidth(themes, body, 1040))

    def done(self) -> None:
        """The welcome has done its part."""
        self._session.memory.welcomed = True

    def _begin(self, demo: bool) -> None:
        self._session.go("quickstart", demo=demo)

    def _later(self) -> None:
        self.done()
        self._session.project_changed.emit()
