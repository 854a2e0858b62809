"""Gallery: tables, rows, empty states, places to drop files, logs."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

from rave_gui.ui import words
from rave_gui.ui.i18n import tr
from rave_gui.ui.pages.gallery.parts import column
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, label
from rave_gui.ui.widgets.drop import DropZone
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.log_view import LogView
from rave_gui.ui.widgets.rows import RowButton
from rave_gui.ui.widgets.table import Column, Table
from rave_gui.viewmodels.job import LogLine


@dataclass(frozen=True)
class _Row:
    name: str
    state: str
    share: float | None
    seconds: float


def tables(session: Session) -> QWidget:
    """A table with notes, tones, bars and a sorted column; rows that can be pressed."""
    rows = [
        _Row(tr("Kitchen percussion"), "running", 0.42, 5040),
        _Row(tr("Voices of a choir whose name is too long for this column"), "paused", 0.8, 90_000),
        _Row(tr("Rain"), "failed", None, 12),
        _Row(tr("Guitar"), "succeeded", None, 86_000),
        _Row(tr("Wind"), "queued", None, 0),
    ]
    table = Table(
        session.themes,
        tr("Example of a table"),
        [
            Column(
                "name",
                tr("Name"),
                lambda r: r.name,
                icon=lambda _r: "activity",
                strong=True,
                note=lambda _r: tr("Training"),
            ),
            Column(
                "state",
                tr("State"),
                lambda r: words.job_state(r.state),
                120,
                tone=lambda r: words.state_tone(r.state) or "muted",
                share=lambda r: r.share,
            ),
            Column(
                "took",
                tr("Took"),
                lambda r: words.duration(r.seconds),
                110,
                right=True,
                sort=lambda r: r.seconds,
            ),
        ],
        key=lambda r: r.name,
        many=True,
    )
    table.set_rows(rows)
    table.sort_by("took", descending=True)
    table.select(rows[0].name)
    table.setMinimumHeight(session.themes.theme.px(38 + 5 * 52 + 6))
    plain = RowButton(session.themes, "database", tr("Datasets"), trailing="3")
    noted = RowButton(session.themes, "activity", tr("Train voice"), tr("Training"), trailing=tr("Done"))
    barred = RowButton(session.themes, "package", tr("Export voice"), tr("Export"), tone="accent")
    barred.set(share=0.6, trailing=tr("2 min left"))
    off = RowButton(session.themes, "box", tr("Disabled"))
    off.setEnabled(False)
    return column(session, [table, plain, noted, barred, off])


def places(session: Session) -> QWidget:
    """What stands where nothing is yet; where files are dropped; a log."""
    themes = session.themes
    empty = EmptyState(
        themes,
        "database",
        tr("No datasets yet"),
        tr("A dataset is a folder of recordings made ready to learn from."),
    )
    empty.box.addWidget(Button(themes, tr("New dataset…"), "plus", "primary"))
    drop = DropZone(themes, tr("Place for files"))
    drop.box.addWidget(label(tr("Drop files or folders here"), "muted"))
    active = DropZone(themes, tr("Place for files, with files over it"))
    active.setProperty("active", True)
    active.box.addWidget(label(tr("Let go to add 3 files"), "strong"))
    log = LogView(
        themes,
        {
            "search": tr("Search the log"),
            "follow": tr("Follow"),
            "copy": tr("Copy"),
            "name": tr("Example of a log"),
            "empty": tr("Nothing has happened yet."),
        },
    )
    log.show_lines(
        [
            LogLine(tr("22:23:40  Started")),
            LogLine(tr("22:23:55  Checkpoint saved at step 133")),
            LogLine(tr("22:24:02  The disk is nearly full."), "warning"),
            LogLine(tr("22:24:23  The disk is full."), "error"),
        ],
        0,
    )
    log.setMinimumHeight(themes.theme.px(170))
    return column(session, [empty, drop, active, log], "m")
