"""The form that starts a way: sounds, project, length."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from rave_gui.ui import words
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import (
    Banner,
    Button,
    Card,
    ElidedLabel,
    FlowWidth,
    IconButton,
    IconLabel,
    Inset,
    Segments,
    label,
)
from rave_gui.ui.widgets.drop import DropZone
from rave_gui.viewmodels.engine import EngineModel
from rave_gui.viewmodels.quickstart import Request
from rave_gui.viewmodels.setup import SetupModel

SHOWN_SOURCES = 6


class SetupView(QWidget):
    """Shows a :class:`SetupModel`; ``started`` carries the request."""

    started = Signal(object)
    engine_wanted = Signal()
    engine_cancelled = Signal()

    def __init__(self, themes: ThemeManager, model: SetupModel) -> None:
        super().__init__()
        self._themes, self._model = themes, model
        self.setObjectName("page")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column = QWidget()
        box = QVBoxLayout(column)
        pad = themes.theme.space("xxl")
        box.setContentsMargins(pad, pad, pad, pad)
        box.setSpacing(themes.theme.space("l"))
        box.addWidget(label(tr("Make a model of your sounds"), "title"))
        box.addWidget(
            label(
                tr(
                    "RAVE listens to recordings and learns to play them. Choose what it should learn, and everything "
                    "from here to a model you can play follows by itself."
                ),
                "muted",
                wrap=True,
            )
        )
        self.banner = Banner(themes)
        self.banner.hide()
        self.engine_button = Button(themes, tr("Set up the engine"), "download", "primary")
        self.engine_button.clicked.connect(self.engine_wanted)
        self.banner.buttons.addWidget(self.engine_button)
        self.engine_cancel = Button(
            themes, tr("Cancel"), "x", tip=tr("Stop the set-up; it can be taken up again")
        )
        self.engine_cancel.clicked.connect(self.engine_cancelled)
        self.engine_cancel.hide()
        self.banner.buttons.addWidget(self.engine_cancel)
        self.engine_bar = QProgressBar()
        self.engine_bar.setTextVisible(False)
        self.engine_bar.setRange(0, 1000)
        self.engine_bar.setAccessibleName(tr("Progress of the engine set-up"))
        self.engine_bar.hide()
        self.banner.extra.addWidget(self.engine_bar)
        box.addWidget(self.banner)
        self.refusal = Banner(themes)
        self.refusal.hide()
        box.addWidget(self.refusal)
        box.addWidget(self._sounds_card())
        box.addWidget(self._project_card())
        box.addWidget(self._length_card())
        box.addStretch(1)
        self._scroll = scroll
        scroll.setWidget(FlowWidth(themes, column, 820))
        outer.addWidget(scroll, 1)
        footer = self._footer()
        outer.addWidget(footer)
        # The footer's edges stay under the cards' also when the scroll bar takes room beside them.
        bar = scroll.verticalScrollBar()
        bar.rangeChanged.connect(
            lambda low, high: footer.setContentsMargins(0, 0, bar.sizeHint().width() if high > low else 0, 0)
        )
        model.changed.connect(self.refresh)
        self.refresh()

    def _step(self, number: str, title: str, card: Card) -> None:
        row = QHBoxLayout()
        row.setSpacing(self._themes.theme.space("s"))
        row.addWidget(label(number, "muted"))
        row.addWidget(label(title, "lead"), 1)
        card.box.addLayout(row)

    def _sounds_card(self) -> Card:
        card = Card(self._themes)
        self._step("1", tr("Sounds"), card)
        self.drop = DropZone(self._themes, tr("Drop recordings or folders here"))
        self.drop.dropped.connect(self._model.add)
        hint = QHBoxLayout()
        hint.addStretch(1)
        hint.addWidget(IconLabel(self._themes, "audio-waveform", "accent", 22))
        hint.addWidget(label(tr("Drop recordings or folders here"), "strong"))
        hint.addStretch(1)
        self.drop.box.addLayout(hint)
        buttons = QHBoxLayout()
        buttons.setSpacing(self._themes.theme.space("s"))
        self.files = Button(
            self._themes, tr("Add files…"), "file-plus", tip=tr("Choose sound files"), shortcut="Ctrl+O"
        )
        self.folder = Button(
            self._themes,
            tr("Add a folder…"),
            "folder-plus",
            tip=tr("Choose a folder; folders inside it are searched too"),
            shortcut="Ctrl+Shift+O",
        )
        self.demo = Button(
            self._themes,
            tr("Use demo sounds"),
            "sparkles",
            tip=tr("Plucked strings and drums, made by code"),
            shortcut="Ctrl+D",
        )
        self.files.clicked.connect(self._choose_files)
        self.folder.clicked.connect(self._choose_folder)
        self.demo.clicked.connect(self._model.use_demo)
        buttons.addStretch(1)
        for button in (self.files, self.folder, self.demo):
            buttons.addWidget(button)
        buttons.addStretch(1)
        self.drop.box.addLayout(buttons)
        typed = QHBoxLayout()
        self.path = QLineEdit()
        self.path.setAccessibleName(tr("Path of a sound file or folder"))
        self.path.setPlaceholderText(tr("… or type the path of a file or folder, and Enter"))
        self.path.setMaximumWidth(self._themes.theme.px(470))
        self.path.returnPressed.connect(self._add_typed)
        typed.addStretch(1)
        typed.addWidget(self.path, 100)
        typed.addStretch(1)
        self.drop.box.addLayout(typed)
        card.box.addWidget(self.drop)
        self.sources = QVBoxLayout()
        self.sources.setSpacing(self._themes.theme.space("xs"))
        card.box.addLayout(self.sources)
        self.sources_note = label("", "caption", wrap=True)
        card.box.addWidget(self.sources_note)
        return card

    def _project_card(self) -> Card:
        card = Card(self._themes)
        self._step("2", tr("Project"), card)
        row = QHBoxLayout()
        row.setSpacing(self._themes.theme.space("s"))
        self.project = QLineEdit()
        self.project.setAccessibleName(tr("Project folder"))
        self.project.setPlaceholderText(tr("Folder that gets the model and everything around it"))
        self.project.textEdited.connect(self._model.set_project)
        self.browse = Button(self._themes, tr("Browse…"), "folder-open", tip=tr("Choose the project folder"))
        self.browse.clicked.connect(self._choose_project)
        row.addWidget(self.project, 1)
        row.addWidget(self.browse)
        card.box.addLayout(row)
        self.project_note = label("", "caption", wrap=True)
        card.box.addWidget(self.project_note)
        return card

    def _length_card(self) -> Card:
        card = Card(self._themes)
        self._step("3", tr("Training"), card)
        grid = QGridLayout()
        grid.setHorizontalSpacing(self._themes.theme.space("m"))
        grid.setVerticalSpacing(self._themes.theme.space("m"))
        self.preset = QComboBox()
        self.preset.setAccessibleName(tr("Model"))
        self.preset.activated.connect(lambda _i: self._model.set_preset(str(self.preset.currentData())))
        model_label = label(tr("Model"))
        model_label.setBuddy(self.preset)
        grid.addWidget(model_label, 0, 0)
        grid.addWidget(self.preset, 0, 1, 1, 2)
        self.length = Segments(
            [("try", tr("Quick try")), ("standard", tr("Standard")), ("long", tr("Long"))], tr("Length")
        )
        self.length.chosen.connect(self._model.set_length)
        self.steps = QSpinBox()
        Inset(self._themes, self.steps)
        self.steps.setRange(1, 100_000_000)
        self.steps.setGroupSeparatorShown(True)
        self.steps.lineEdit().setTextMargins(self._themes.theme.space("m"), 0, 0, 0)
        self.steps.setSuffix(tr(" steps"))
        self.steps.setAccessibleName(tr("Training steps"))
        self.steps.valueChanged.connect(self._model.set_steps)
        grid.addWidget(label(tr("Length")), 1, 0)
        grid.addWidget(self.length, 1, 1)
        grid.addWidget(self.steps, 1, 2)
        grid.setColumnStretch(2, 1)
        card.box.addLayout(grid)
        self.preset_note = label("", "caption", wrap=True)
        card.box.addWidget(self.preset_note)
        return card

    def _footer(self) -> QFrame:
        """The start button stays in sight whatever the window's height."""
        bar = QFrame()
        bar.setObjectName("footer")
        outer = QHBoxLayout(bar)
        outer.setContentsMargins(0, 0, 0, 0)
        inside = QWidget()
        row = QHBoxLayout(inside)
        pad = self._themes.theme.space("xxl")
        row.setContentsMargins(pad, self._themes.theme.space("m"), pad, self._themes.theme.space("m"))
        row.setSpacing(self._themes.theme.space("m"))
        self.missing = label("", "muted", wrap=True)
        self.start = Button(
            self._themes,
            tr("Start training"),
            "play",
            "primary",
            tip=tr("Make the dataset, train, listen and export"),
            shortcut="Ctrl+Return",
        )
        self.start.clicked.connect(self._go)
        row.addWidget(self.missing, 1)
        row.addWidget(self.start)
        outer.addWidget(FlowWidth(self._themes, inside, 820))
        return bar

    def refresh(self) -> None:
        """Show the model's state."""
        m = self._model
        self.refusal.hide()
        self._show_sources()
        if self.project.text() != m.project:
            self.project.setText(m.project)
        problem = {
            "relative": tr("Give the whole path of the folder."),
            "file": tr("This is a file, and a project is a folder. Choose another name."),
        }.get(m.project_problem, "")
        self.project.setProperty("bad", bool(problem))
        self.project.style().polish(self.project)
        self.project_note.setText(
            problem
            or tr("Dataset, training run, results and export are kept here. It is made when it is not there.")
        )
        if self.preset.count() != len(m.presets):
            self.preset.clear()
            for preset in m.presets:
                self.preset.addItem(tr(preset.label), preset.name)
        self.preset.setCurrentIndex(max(0, self.preset.findData(m.preset)))
        self.preset_note.setText(
            tr(
                "{model} More steps sound better and take longer; you can stop at any time and keep what was learned.",
                model=tr(m.preset_description),
            )
        )
        self.length.set(m.length)
        if self.steps.value() != m.steps:
            self.steps.blockSignals(True)
            self.steps.setValue(m.steps)
            self.steps.blockSignals(False)
        self.missing.setText(self._words(m.missing))
        self.start.setEnabled(not m.missing)

    def show_refusal(self, message: str, hint: str) -> None:
        """Say why a start was refused; goes away with the next change."""
        self.refusal.show_message("danger", message, hint)
        self._scroll.verticalScrollBar().setValue(0)

    def show_engine(self, engine: EngineModel) -> None:
        """Say that the engine is missing and offer to set it up, or how far the set-up is."""
        self._model.set_engine(engine.ready)
        job = engine.install
        self.banner.setVisible(not engine.ready)
        if engine.ready:
            return
        running = engine.installing and job is not None
        self.engine_bar.setVisible(running)
        self.engine_cancel.setVisible(running)
        self.engine_button.setVisible(not running)
        self.engine_button.set_face(tr("Set up the engine"), "download")
        if running and job is not None:
            fraction, progress = job.fraction, job.progress
            self.engine_bar.setValue(round((fraction or 0.0) * 1000))
            text = progress.message if progress and progress.message else tr("Preparing…")
            if progress is not None and progress.unit.startswith("byte") and progress.total:
                if not progress.message:
                    text = (
                        tr("Downloading and unpacking")
                        if progress.done < progress.total
                        else tr("Checking that everything works")
                    )
                done, total = words.size(progress.done), words.size(progress.total)
                text = tr("{what}  {done} of {total}", what=text, done=done, total=total)
            for warned in job.warnings[-1:]:
                text += "\n" + warned.message
            self.banner.show_message("accent", tr("The engine is being set up"), text)
        elif job is not None and job.state in ("failed", "interrupted"):
            failure = job.failure
            self.engine_button.set_face(tr("Try again"), "rotate-ccw")
            self.banner.show_message(
                "danger",
                failure.message if failure and failure.message else tr("The engine could not be set up."),
                failure.hint if failure else "",
            )
        else:
            self.banner.show_message(
                "warning",
                engine.problem or tr("The engine is not installed yet."),
                tr(
                    "The engine is PyTorch and RAVE in a Python environment of their own, made in your user folder. "
                    "It is downloaded once. You can choose your sounds meanwhile."
                ),
            )

    def _words(self, missing: str) -> str:
        return {
            "sounds": tr("Choose sounds to start: your own, or the demo sounds."),
            "project": tr("Name a project folder to start."),
            "engine": tr("Set up the engine to start."),
            "checking": tr("Looking for the engine…"),
        }.get(missing, "")

    def _show_sources(self) -> None:
        while (item := self.sources.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        m = self._model
        if m.demo:
            self.sources.addWidget(self._source_row("sparkles", tr("Demo sounds"), "", m.clear))
        for path in m.sources[:SHOWN_SOURCES]:
            self.sources.addWidget(
                self._source_row(
                    "folder" if path.is_dir() else "file-music",
                    path.name,
                    str(path.parent),
                    lambda path=path: m.remove(path),
                )
            )
        # New widgets come last in the order of Tab: put these where they are seen.
        before: QWidget = self.path
        for index in range(self.sources.count()):
            item = self.sources.itemAt(index)
            row = item.widget() if item is not None else None
            button = row.findChild(IconButton) if row is not None else None
            if button is not None:
                QWidget.setTabOrder(before, button)
                before = button
        more = len(m.sources) - SHOWN_SOURCES
        if m.demo:
            note = tr(
                "Plucked strings and drums made by code, a few minutes long: a first try without own material."
            )
        elif m.unusable:
            note = trn(
                "There is nothing at {path}.",
                "{n} things were left out, because they are not there: {path} and others.",
                len(m.unusable),
                path=str(m.unusable[0]),
            )
        elif more > 0:
            note = trn("… and {n} more.", "… and {n} more.", more)
        else:
            note = ""
        self.sources_note.setText(note)
        self.sources_note.setVisible(bool(note))

    def _source_row(self, icon: str, name: str, where: str, remove: object) -> QWidget:
        row = QWidget()
        box = QHBoxLayout(row)
        box.setContentsMargins(self._themes.theme.space("s"), 0, 0, 0)
        box.setSpacing(self._themes.theme.space("s"))
        box.addWidget(IconLabel(self._themes, icon, "muted"))
        text = label(name, "strong")
        box.addWidget(text)
        box.addWidget(ElidedLabel(where, "caption", Qt.TextElideMode.ElideMiddle), 1)
        button = IconButton(self._themes, "x", tr("Remove {name}", name=name))
        button.clicked.connect(remove)
        box.addWidget(button)
        return row

    def _add_typed(self) -> None:
        text = self.path.text().strip().strip("\"'")
        if text:
            path = Path(text.removeprefix("file://")).expanduser()
            self._model.add([path if path.is_absolute() else Path.home() / path])
            if not self._model.unusable:
                self.path.clear()

    def _choose_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, tr("Choose sound files"), self._model.last_folder)
        self._model.add([Path(n) for n in names])

    def _choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(
            self, tr("Choose a folder of recordings"), self._model.last_folder
        )
        if name:
            self._model.add([Path(name)])

    def _choose_project(self) -> None:
        name = QFileDialog.getExistingDirectory(self, tr("Choose the project folder"), self._model.project)
        if name:
            self._model.set_project(name)

    def _go(self) -> None:
        request: Request | None = self._model.request()
        if request is not None:
            self.started.emit(request)
