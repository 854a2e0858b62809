"""Gallery: text, buttons, fields, choices, messages, progress."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from rave_gui.ui.i18n import tr
from rave_gui.ui.shell.session import Session
from rave_gui.ui.shell.toasts import Toast
from rave_gui.ui.widgets.basic import (
    Banner,
    Button,
    Chip,
    ElidedLabel,
    IconButton,
    PathRow,
    Segments,
    Stat,
    label,
    rule,
    set_tone,
)
from rave_gui.ui.widgets.choice_card import ChoiceCard
from rave_gui.ui.widgets.fields import CheckField, ChoiceField, Field, NumberField, PathField, TextField
from rave_gui.ui.widgets.slider import Dial, Slider
from rave_gui.ui.widgets.stages import StageList
from rave_gui.ui.widgets.timeline import PhaseTimeline
from rave_gui.viewmodels.notices import Notice


def column(session: Session, parts: Iterable[QWidget], gap: str = "s") -> QWidget:
    """Widgets below each other."""
    made = QWidget()
    box = QVBoxLayout(made)
    box.setContentsMargins(0, 0, 0, 0)
    box.setSpacing(session.themes.theme.space(gap))
    for part in parts:
        box.addWidget(part)
    return made


def line(session: Session, *parts: QWidget) -> QWidget:
    """Widgets beside each other, at their own width."""
    made = QWidget()
    box = QHBoxLayout(made)
    box.setContentsMargins(0, 0, 0, 0)
    box.setSpacing(session.themes.theme.space("s"))
    for part in parts:
        box.addWidget(part)
    box.addStretch(1)
    return made


def texts(session: Session) -> QWidget:
    """Roles, tones, long text, a path, figures, chips."""
    roles = (
        ("title", tr("Title of a page")),
        ("figure", tr("12.4 MB")),
        ("lead", tr("Heading of a card")),
        ("strong", tr("Name of a field")),
        ("body", tr("Text as it is read")),
        ("muted", tr("Text of less weight")),
        ("caption", tr("Small print under a field")),
    )
    tones = (
        ("accent", tr("Accent")),
        ("success", tr("Success")),
        ("warning", tr("Warning")),
        ("danger", tr("Danger")),
    )
    shown: list[QWidget] = [label(text, role) for role, text in roles]
    toned = [label(text, "strong") for _tone, text in tones]
    for made, (tone, _text) in zip(toned, tones, strict=True):
        set_tone(made, tone)
    path = PathRow(session.themes, tr("Copy the path"))
    path.set("~/Music/Recordings/A very long name of a folder of sounds/version_3/checkpoints/best.ckpt")
    stat = Stat(tr("Usable sound"))
    stat.set(tr("3 h 12 min"))
    empty = Stat(tr("Nothing yet"))
    empty.set("")
    chips = [Chip(tr("Neutral")), *(Chip(text, tone) for tone, text in tones)]
    long = ElidedLabel(
        tr("A sentence that is longer than the room it has ends in three dots, and its tooltip says it all.")
    )
    return column(
        session,
        [
            *shown,
            line(session, *toned),
            line(session, *chips),
            line(session, stat, empty),
            path,
            long,
            rule(),
        ],
    )


STATES = ("", "hover", "focus", "pressed", "disabled")


def buttons(session: Session) -> QWidget:
    """Variants by states."""
    themes = session.themes
    made = QWidget()
    grid = QGridLayout(made)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setSpacing(themes.theme.space("s"))
    heads = (tr("at rest"), tr("mouse"), tr("focus"), tr("pressed"), tr("disabled"))
    for place, text in enumerate(heads, start=1):
        grid.addWidget(label(text, "caption"), 0, place)
    variants = (
        ("primary", tr("Primary"), tr("Start")),
        ("", tr("Usual"), tr("Open")),
        ("danger", tr("Danger"), tr("Delete")),
        ("quiet", tr("Quiet"), tr("Copy")),
    )
    for number, (variant, name, text) in enumerate(variants, start=1):
        grid.addWidget(label(name, "caption"), number, 0)
        for place, state in enumerate(STATES, start=1):
            grid.addWidget(_as(state, Button(themes, text, "play", variant)), number, place)
    row = len(variants) + 1
    for variant, name in (("quiet", tr("Icon")), ("", tr("Icon, bordered"))):
        grid.addWidget(label(name, "caption"), row, 0)
        for place, (state, text) in enumerate(zip(STATES, heads, strict=True), start=1):
            button = IconButton(themes, "ellipsis", f"{name}: {text}", variant=variant)
            grid.addWidget(_as(state, button), row, place)
        row += 1
    loop = IconButton(themes, "repeat", tr("Repeat, switched on"))
    loop.setCheckable(True)
    loop.setChecked(True)
    grid.addWidget(label(tr("Switched on"), "caption"), row, 0)
    grid.addWidget(loop, row, 1)
    grid.setColumnStretch(6, 1)
    options = [("a", tr("Original")), ("b", tr("Model")), ("c", tr("Both"))]
    segments, off = Segments(options, tr("What is heard")), Segments(options, tr("What is heard, disabled"))
    segments.set("a")
    off.set("b")
    off.setEnabled(False)
    long = Button(themes, tr("A button with many words keeps its icon and grows"), "sparkles")
    return column(session, [made, line(session, segments), line(session, off), line(session, long)], "m")


def _as(state: str, button: QWidget) -> QWidget:
    if state == "disabled":
        button.setEnabled(False)
    elif state:
        button.setProperty("imitate", state)
    return button


def fields(session: Session) -> QWidget:
    """Text, number, choice and path: empty, filled, with focus, wrong, disabled."""
    themes = session.themes

    def browse() -> Path | None:
        return session.pick_folder(tr("A folder"), "")

    name = TextField(themes, tr("Name"), tr("Letters, digits and spaces"), placeholder=tr("My first model"))
    filled = TextField(themes, tr("Name, filled"))
    filled.set_value(tr("Kitchen percussion"))
    focused = TextField(themes, tr("Name, with focus"))
    focused.editor.setProperty("imitate", "focus")
    wrong = NumberField(themes, tr("Latent dimensions"), minimum=1, maximum=512)
    wrong.set_value(3)
    wrong.show_problem(tr("Between 4 and 512: fewer cannot hold the sound."))
    rate = NumberField(themes, tr("Learning rate"), whole=False, minimum=0, maximum=1, step=0.0001)
    rate.set_value(0.0001)
    steps = NumberField(themes, tr("Steps"), tr("With a unit"), minimum=1, unit=tr("steps"))
    steps.set_value(1_000_000)
    choice = ChoiceField(themes, tr("Channels"), [(1, tr("Mono")), (2, tr("Stereo"))], tr("One of a few"))
    folder = PathField(themes, tr("Folder"), browse)
    folder.set_value("~/Music")
    notes = TextField(themes, tr("Notes"), lines=2)
    notes.set_value(tr("Recorded in the kitchen, one microphone."))
    off = ChoiceField(themes, tr("Disabled"), [(1, tr("Mono"))])
    off.setEnabled(False)
    read = QLineEdit(tr("Can be read and copied only"))
    read.setReadOnly(True)
    read.setAccessibleName(tr("Can be read and copied only"))
    made: list[Field] = [name, filled, focused, wrong, rate, steps, choice, folder, notes, off]
    return column(session, [*made, read], "m")


def choices(session: Session) -> QWidget:
    """Ticks, dots, cards, sliders."""
    themes = session.themes
    check = CheckField(themes, tr("Normalise each recording"), tr("A sentence of help under it"))
    check.set_value(True)
    free = CheckField(themes, tr("Keep silence"))
    off = CheckField(themes, tr("Not possible here"))
    off.set_value(True)
    off.setEnabled(False)
    radios = []
    for number, text in enumerate((tr("Causal"), tr("Not causal"), tr("Disabled"))):
        radio = QRadioButton(text)
        radio.setAccessibleName(text)
        radio.setChecked(number == 0)
        radio.setEnabled(number < 2)
        radios.append(radio)
    mark = QCheckBox(tr("With focus"))
    mark.setProperty("imitate", "focus")
    mark.setAccessibleName(tr("With focus"))
    first = ChoiceCard(
        themes,
        tr("Small"),
        tr("Learns quickly on any computer."),
        [(tr("8 GB memory"), ""), (tr("fits this computer"), "success")],
        icon="leaf",
    )
    first.setChecked(True)
    second = ChoiceCard(
        themes,
        tr("Large"),
        tr("Sounds best, and needs a graphics card and days."),
        [(tr("24 GB memory"), ""), (tr("too large for this computer"), "warning")],
        icon="rocket",
    )
    third = ChoiceCard(themes, tr("Also this"), tr("On or off by itself."), single=False)
    third.setEnabled(False)
    dial = Dial(themes, tr("Randomness"), (0.0, 1.0, 100), lambda v: f"{v:.0%}", tr("How far it strays"))
    dial.set(0.35)
    still = Slider(themes, tr("Disabled slider"))
    still.setValue(50)
    still.setEnabled(False)
    return column(
        session, [check, free, off, mark, line(session, *radios), first, second, third, dial, still], "m"
    )


def messages(session: Session) -> QWidget:
    """Banners and toasts."""
    made: list[QWidget] = []
    for tone, title, text in (
        ("accent", tr("A new version of the engine is there"), tr("It trains faster; nothing else changes.")),
        ("success", tr("The model is ready"), tr("All its tests passed.")),
        (
            "warning",
            tr("There is little room on the disk"),
            tr("8.1 GB are free; this training writes about 6 GB."),
        ),
        (
            "danger",
            tr("The training stopped"),
            tr("The graphics card ran out of memory. Try a smaller batch."),
        ),
    ):
        banner = Banner(session.themes)
        banner.show_message(tone, title, text)
        if tone == "danger":
            banner.buttons.addWidget(Button(session.themes, tr("Try again"), "rotate-ccw"))
        made.append(banner)
    for notice, act in (
        (Notice(tr("“Kitchen” is in the trash.")), tr("Undo")),
        (
            Notice(tr("The disk is full."), tr("Free some space, then try again."), "", "danger"),
            tr("Copy report"),
        ),
    ):
        toast = Toast(session.themes, notice, [(act, lambda: None)], None, stays=True)
        made.append(toast)
    return column(session, made)


def progress(session: Session) -> QWidget:
    """Bars, stages, phases."""
    bars: list[QWidget] = []
    for value, name in ((0, tr("Nothing done")), (420, tr("Somewhat done")), (1000, tr("All done"))):
        bar = QProgressBar()
        bar.setRange(0, 1000)
        bar.setValue(value)
        bar.setTextVisible(False)
        bar.setAccessibleName(name)
        bars.append(bar)
    stages = StageList(
        session.themes,
        {
            "a": tr("Done"),
            "b": tr("At work"),
            "c": tr("Paused"),
            "d": tr("Failed"),
            "e": tr("Cancelled"),
            "f": tr("Waiting"),
        },
    )
    for key, state, detail, share in (
        ("a", "done", tr("12 files, 3 h 12 min"), None),
        ("b", "running", tr("Step 420 of 1,000, 4 min left"), 0.42),
        ("c", "paused", tr("Goes on when you say so"), 0.6),
        ("d", "failed", tr("The disk is full."), None),
        ("e", "cancelled", "", None),
        ("f", "waiting", "", None),
    ):
        stages.rows[key].set(state, detail, share)
    phases: list[QWidget] = []
    for done in (300.0, 800.0):
        timeline = PhaseTimeline(session.themes, (tr("Phase 1: shape"), tr("Phase 2: detail")))
        timeline.set(done, 1000.0, 600.0)
        phases.append(timeline)
    keys = QPushButton(tr("With a shortcut"))
    keys.setToolTip(tr("A tooltip says what it does, and its keys (Ctrl+K)"))
    keys.setAccessibleName(tr("With a shortcut"))
    return column(session, [*bars, *phases, stages, line(session, keys)], "m")
