"""About: versions, licences of what is inside, where things are kept."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QHBoxLayout

from rave_gui import __version__
from rave_gui.ui.dialogs.base import Dialog
from rave_gui.ui.dialogs.report import versions
from rave_gui.ui.i18n import tr
from rave_gui.ui.widgets.basic import Button, IconLabel, label, rule

if TYPE_CHECKING:
    from rave_gui.ui.shell.session import Session

BUNDLED = (
    ("Qt, PySide6", "LGPL-3.0", "PySide6_Essentials"),
    ("pyqtgraph", "MIT", "pyqtgraph"),
    ("NumPy", "BSD-3-Clause", "numpy"),
    ("psygnal", "BSD-3-Clause", "psygnal"),
    ("click", "BSD-3-Clause", "click"),
    ("LMDB (lmdb)", "OLDAP-2.8", "lmdb"),
    ("libsndfile (soundfile)", "LGPL-2.1 (BSD-3-Clause)", "soundfile"),
    ("PortAudio (sounddevice)", "MIT", "sounddevice"),
    ("FFmpeg (PyAV)", "LGPL-2.1 (BSD-3-Clause)", "av"),
    ("uv", "Apache-2.0, MIT", "uv"),
    ("Inter", "SIL OFL 1.1", ""),
    ("Lucide", "ISC", ""),
)
"""Names are their own in every language: what it is, its licence, and the package that tells the version."""


class AboutDialog(Dialog):
    """Versions can be copied."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, "RAVE GUI", width=560)
        theme = session.themes.theme
        head = QHBoxLayout()
        head.setSpacing(theme.space("m"))
        head.addWidget(IconLabel(session.themes, "audio-waveform", "accent", 32))
        about = tr(
            "Trains, hears and exports RAVE models of your own sounds. Version {version}. Free software under the Apache License 2.0.",
            version=__version__,
        )
        head.addWidget(label(about, wrap=True), 1)
        self.box.addLayout(head)
        self.box.addWidget(
            label(
                tr(
                    "RAVE is by Antoine Caillon and Philippe Esling (IRCAM); its code, which the engine installs, is under CC BY-NC 4.0: "
                    "read that licence before you use it, or what it makes, commercially."
                ),
                "muted",
                wrap=True,
            )
        )
        self.box.addWidget(rule())
        self.box.addWidget(label(tr("Inside"), "strong"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.space("l"))
        grid.setVerticalSpacing(theme.space("xs"))
        shown = [entry for entry in BUNDLED if not entry[2] or _version(entry[2])]
        for line, (name, licence, package) in enumerate(shown):
            grid.addWidget(label(name), line, 0)
            grid.addWidget(label(_version(package), "muted"), line, 1)
            grid.addWidget(label(licence, "muted"), line, 2)
        grid.setColumnStretch(2, 1)
        self.box.addLayout(grid)
        self.box.addWidget(rule())
        text = "\n".join(versions(session))
        facts = label(text, "caption", wrap=True, selectable=True)
        facts.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        facts.setAccessibleName(tr("Versions"))
        self.box.addWidget(facts)
        self.box.addStretch(1)
        self.copy = Button(session.themes, tr("Copy versions"), "copy")
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(text))
        self.foot.insertWidget(0, self.copy)


def _version(package: str) -> str:
    try:
        return metadata.version(package) if package else ""
    except metadata.PackageNotFoundError:
        return ""
