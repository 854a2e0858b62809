"""Gallery: what belongs to no page alone: jobs that are followed, the engine's banner, players, long lists, takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QWidget

from rave_gui.jobs.view import JobView
from rave_gui.play.takes import Take, TakeKind
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.gallery.parts import column
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.ab_player import SoundPlayer
from rave_gui.ui.widgets.engine_banner import EngineBanner
from rave_gui.ui.widgets.job_line import JobLine
from rave_gui.ui.widgets.long_table import LongModel, LongTable
from rave_gui.ui.widgets.table import Column
from rave_gui.ui.widgets.takes import TakesPanel
from rave_gui.viewmodels.ab_player import Track
from rave_gui.viewmodels.engine import EngineModel
from rave_gui.viewmodels.sounds import Sound
from rave_protocol.events import Event, Paused, Progress, Stamped, Started

RATE = 22_050
SECONDS = 6.0
ROWS = 100_000
KNOWN = 3
"""Rows of the long list that have been read."""


def work(session: Session) -> QWidget:
    """Jobs that wait, work with and without an end in sight, pause and are being cancelled; the engine that is missing or set up."""
    began = Started(1)
    jobs: list[tuple[str, list[Event]]] = [
        (tr("Export voice"), []),
        (tr("Dataset from a folder whose name is too long to be shown in this line"), [began]),
        (tr("Statistics of Rain"), [began, Progress(42, 100, "chunks", 95.0)]),
        (tr("Dataset Guitar"), [began, Progress(600, 1000, "s"), Paused()]),
    ]
    made: list[QWidget] = [_job(session, title, told) for title, told in jobs]
    ending = _job(session, tr("Archive of Rain"), [began, Progress(80, 100)])
    ending.cancel.setEnabled(False)
    ending.state.setText(tr("Is being cancelled…"))
    return column(session, [*made, ending, *_banners(session)], "m")


def _job(session: Session, title: str, told: Sequence[Event]) -> JobLine:
    view = JobView("gallery", "dataset", title, None, Path(), "queued", "", 0.0)
    made = JobLine(session, view, follow=False)
    made.model.apply([Stamped(time.time() - 12, event) for event in told])
    return made


def _banners(session: Session) -> list[QWidget]:
    missing, going, failed = EngineModel(), EngineModel(), EngineModel()
    made: list[QWidget] = [EngineBanner(session.themes, model) for model in (missing, going, failed)]
    for model in (missing, going, failed):
        model.known = True
    missing.changed.emit()
    going.begin_install()
    told: list[Event] = [Started(1), Progress(0.8e9, 2.1e9, "bytes", phase="torch")]
    going.apply([Stamped(0.0, event) for event in told])
    failed.begin_install()
    reason = {
        "code": "no-network",
        "message": tr("The server could not be reached."),
        "hint": tr("Check the connection, then try again."),
    }
    failed.end_install("failed", reason)
    return made


def players(session: Session) -> QWidget:
    """One sound, two that are compared with a stretch repeated, none yet, and one that cannot be heard."""
    themes, bridge = session.themes, session.bridge
    original, model = _strokes(0.0), _strokes(0.03)
    one = SoundPlayer(themes, bridge, tr("Player of one sound"), primary=False)
    one.set_tracks([Track("a", tr("Kitchen percussion"), "original", original)])
    two = SoundPlayer(themes, bridge, tr("Player of two sounds"), primary=False)

    def compare() -> None:
        two.model.hear("b")
        two.model.set_region(1.5, 4.0)
        two.model.seek(2.2)

    two.loaded.connect(compare)
    two.set_tracks(
        [Track("a", tr("Original"), "original", original), Track("b", tr("Model"), "result", model)]
    )
    empty = SoundPlayer(themes, bridge, tr("Player without a sound"), primary=False, volume=False)
    mute = SoundPlayer(themes, bridge, tr("Player without a device"), primary=False)
    refused = tr("No audio device was found."), tr("Connect loudspeakers or headphones, then try again.")
    mute.loaded.connect(partial(mute.model.set_problem, *refused))
    mute.set_tracks([Track("a", tr("Rain"), "result", model)])
    for player, lanes in ((one, 1), (two, 2), (empty, 1), (mute, 1)):
        player.lanes.setMinimumHeight(themes.theme.px(40 + 40 * lanes))
    return column(session, [one, two, empty, mute], "l")


def _strokes(late: float) -> Sound:
    """Decaying strokes of noise, one each second."""
    seconds = np.arange(round(SECONDS * RATE)) / RATE
    noise = np.random.default_rng(round(late * 100)).uniform(-0.8, 0.8, len(seconds))
    loud = np.exp(-5.0 * ((seconds - late) % 1.0)) * noise
    return Sound(loud[None, :].astype(np.float32), RATE)


def long_lists(session: Session) -> QWidget:
    """A list of a hundred thousand rows of which the first are read, and one without any."""
    themes = session.themes
    columns: list[Column[int]] = [
        Column("chunk", tr("Chunk"), lambda n: f"{n + 1:,}", strong=True),
        Column("loud", tr("Loudness"), lambda n: tr("{n} dB", n=-18 - n), 120, right=True),
    ]
    model = LongModel(columns, lambda: ROWS, lambda n: n if n < KNOWN else None)
    long = LongTable(themes, tr("Example of a long list"), model)
    model.again()
    long.show_sort("loud", True)
    long.choose([1])
    none = LongModel(columns, lambda: 0, lambda _n: None)
    bare = LongTable(themes, tr("Example of an empty list"), none)
    bare.say_empty(tr("No chunk fits what is searched for."))
    for part, rows in ((long, 6), (bare, 3)):
        part.setMinimumHeight(themes.theme.px(36) * rows)
    return column(session, [long, bare], "m")


def takes(session: Session) -> QWidget:
    """What models have played; and none yet."""
    panel = TakesPanel(session, tr("What the model plays is listed here."), with_model=True)
    panel.show_takes(
        [
            _take(tr("Drums through voice"), "render", "voice", 120_000, 8.2),
            _take(tr("Reconstruction of held-out sound"), "evaluation", "kitchen", 60_000, 20.0),
            _take(tr("Sound of unknown origin"), "sound", "", None, None),
        ]
    )
    panel.table.select(tr("Drums through voice"))
    panel.setMinimumHeight(session.themes.theme.px(38 * 6))
    nothing = TakesPanel(session, tr("What the model plays is listed here."), with_model=True)
    return column(session, [panel, nothing], "m")


def _take(name: str, kind: TakeKind, run: str, step: int | None, seconds: float | None) -> Take:
    path = Path(f"{name}.wav")
    made = time.time() - 3600
    return Take(name, path, kind, path, None, seconds, 44_100, made, 2_000_000, run, step)
