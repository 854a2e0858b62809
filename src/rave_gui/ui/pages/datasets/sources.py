"""The recordings a dataset was made of: what was kept, what was lost and why, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.pages.datasets.list_view import SearchField
from rave_gui.ui.pages.datasets.source_sound import SourceSound
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, Card, ElidedLabel, Segments
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.long_table import watch_width
from rave_gui.ui.widgets.player import PlayerView
from rave_gui.ui.widgets.spectrum import frequency
from rave_gui.ui.widgets.table import Column, Table
from rave_gui.viewmodels import datasets as text
from rave_gui.viewmodels import player
from rave_gui.viewmodels.datasets import Entry

if TYPE_CHECKING:
    from rave_gui.ui.pages.datasets.detail import DetailView


@dataclass(frozen=True)
class Recording:
    """One row: what the dataset remembers of a file, with its notes."""

    path: str
    seconds: float
    lost: float
    code: str
    reason: str
    licence: str = ""
    consent: str = ""
    sound: Any = None
    """What was measured of it (:class:`rave_gui.datasets.stats.SourceStats`); None: nothing."""

    def level(self, key: str) -> float | None:
        """One of the measured values."""
        return None if self.sound is None else float(getattr(self.sound, key))


def read(services: Any, dataset: Path) -> tuple[list[Recording], dict[str, dict[str, str]], Any]:
    """Recordings and notes of a dataset, and what was measured of it (or None). Raises :class:`UserError`."""
    from rave_gui.datasets import actions, stats
    from rave_gui.datasets.read import Dataset

    measured = stats.load(dataset, paths=services.paths)
    sounds = {one.path: one for one in measured.sources} if measured is not None else {}
    notes = actions.notes(services, dataset)
    with Dataset(dataset) as opened:
        rows = [
            Recording(
                row.path,
                row.seconds,
                row.lost,
                row.code,
                row.reason,
                _note(notes, row.path, "licence"),
                _note(notes, row.path, "consent"),
                sounds.get(row.path),
            )
            for row in opened.files()
        ]
    return rows, notes, measured


def _note(notes: dict[str, dict[str, str]], path: str, key: str) -> str:
    """The note of a recording: its own, that of a folder it lies in, or that of the whole dataset."""
    for place in (path, *(str(parent) for parent in PurePath(path).parents), "*"):
        value = notes.get(place, {}).get(key, "")
        if value:
            return value
    return ""


class SourcesTab(QWidget):
    """Table of recordings with a player."""

    def __init__(self, session: Session, detail: DetailView) -> None:
        super().__init__()
        self._session, self._detail = session, detail
        self._entry: Entry | None = None
        self._notes: dict[str, dict[str, str]] = {}
        themes = session.themes
        space = themes.theme.space
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self.stack = QStackedWidget()
        outer.addWidget(self.stack)
        full = QWidget()
        box = QVBoxLayout(full)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("m"))
        bar = QHBoxLayout()
        bar.setSpacing(space("s"))
        self.search = SearchField(session, tr("Search recordings"))
        self.search.setMaximumWidth(themes.theme.px(280))
        self.search.textChanged.connect(self._filter)
        self.only = Segments(
            [("all", tr("All")), ("problems", tr("Problems"))], tr("Which recordings are shown")
        )
        self.only.set("all")
        self.only.chosen.connect(lambda _key: self._filter())
        self.chunks = Button(themes, tr("Show its chunks"), "list")
        self.chunks.clicked.connect(self._show_chunks)
        self.notes_button = Button(
            themes,
            tr("Licence and consent…"),
            "file-text",
            tip=tr("Whose recordings these are; travels with the dataset"),
        )
        self.notes_button.clicked.connect(self._edit_notes)
        bar.addWidget(self.search, 1)
        bar.addWidget(self.only)
        bar.addStretch(1)
        box.addLayout(bar)
        self.table = Table(
            themes,
            tr("Recordings"),
            [
                Column("name", tr("Recording"), lambda r: PurePath(r.path).name, icon=lambda r: "triangle-alert" if r.code else "music", tone=lambda r: "warning" if r.code else "", note=lambda r: str(PurePath(r.path).parent), tip=lambda r: r.path),
                Column("length", tr("Length"), lambda r: text.length_text(r.seconds) if r.seconds else "", 104, sort=lambda r: r.seconds, right=True),
                Column("loudness", tr("Loudness"), lambda r: text.level_text(r.level("rms_db")), 96, sort=lambda r: r.level("rms_db"), right=True),
                Column("peak", tr("Peak"), lambda r: text.level_text(r.level("peak_db")), 86, sort=lambda r: r.level("peak_db"), right=True),
                Column("reaches", tr("Reaches"), lambda r: frequency(r.level("bandwidth_hz")) if r.sound else "", 92, sort=lambda r: r.level("bandwidth_hz"), right=True),
                Column("lost", tr("Lost"), lambda r: text.length_text(r.lost) if r.lost >= 0.05 else "", 96, sort=lambda r: r.lost, right=True),
                Column("problem", tr("Remark"), lambda r: r.reason, 180, tip=lambda r: r.reason),
                Column("licence", tr("Licence"), lambda r: r.licence, 110, tip=lambda r: r.licence),
                Column("consent", tr("Consent"), lambda r: r.consent, 110, tip=lambda r: r.consent),
            ],
            key=lambda r: r.path,
        )  # fmt: skip
        watch_width(
            self.table,
            self.table.rows.columns,
            ("consent", "licence", "peak", "lost", "reaches", "loudness", "length"),
            themes,
        )
        self.table.chosen.connect(self._chosen)
        box.addWidget(self.table, 1)
        self.status = ElidedLabel("", "muted")
        foot = QHBoxLayout()
        foot.setSpacing(space("s"))
        foot.addWidget(self.status, 1)
        foot.addWidget(self.chunks)
        foot.addWidget(self.notes_button)
        box.addLayout(foot)
        card = Card(themes)
        self.player = PlayerView(
            themes,
            session.bridge,
            name=tr("Waveform of the recording; the arrow keys move the playhead"),
            wave_height=84,
        )
        self.player.clear(tr("Choose a recording to see and hear it."))
        self.table.opened.connect(lambda _row: self.player.toggle())
        card.box.addWidget(self.player)
        self.sound = SourceSound(session)
        below = QHBoxLayout()
        below.setSpacing(space("m"))
        below.addWidget(card, 3)
        below.addWidget(self.sound, 2)
        box.addLayout(below)
        self.none = EmptyState(
            themes,
            "file-music",
            tr("Its recordings are not recorded"),
            tr(
                "This dataset was made by another program, which does not write down which recording a chunk came from. Datasets made "
                "here remember it."
            ),
        )
        self.stack.addWidget(full)
        self.stack.addWidget(self.none)
        self._chosen()

    # What the view asks

    def show_entry(self, entry: Entry, fresh: bool) -> None:
        """Show a dataset's recordings."""
        if self._entry is not None and self._entry.path == entry.path and not fresh:
            return
        if self._entry is None or self._entry.path != entry.path:  # what was looked for was another dataset's
            self.search.clear()
            self.only.set("all")
            self.player.clear(tr("Choose a recording to see and hear it."))
        self._entry = entry
        self.table.set_rows([])
        self.status.setText(tr("Loading…"))
        self._load()

    def forget(self) -> None:
        """It has changed, or is shown no more."""
        self._entry = None
        self.player.clear(tr("Choose a recording to see and hear it."))

    def release(self) -> None:
        """No sound any more."""
        self.player.release()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """The spectrum needs room that a small window needs for the table."""
        super().resizeEvent(event)
        px = self._session.themes.theme.px
        self.sound.setVisible(self.height() >= px(480) and self.width() >= px(760))

    def _load(self) -> None:
        services, entry = self._session.services, self._entry
        if services is None or entry is None or not entry.usable_now:
            return

        def done(found: Any) -> None:
            rows, self._notes, measured = found
            self.sound.show_stats(measured)
            self.table.set_rows(rows)
            self.stack.setCurrentIndex(0 if rows else 1)
            self._filter()
            if (
                self.table.one() is None and self.table.rows.rows
            ):  # there is something to see and to hear at once
                self.table.select(self.table.rows.rows[0].path)

        self._session.call(lambda: read(services, entry.path), done)

    def _filter(self, *_: object) -> None:
        problems = self.only.button("problems").isChecked()
        self.table.rows.set_filter(self.search.text(), (lambda r: bool(r.code)) if problems else None)
        rows = self.table.rows.all
        bad = sum(1 for row in rows if row.code)
        parts = [trn("{n} recording", "{n} recordings", len(rows))]
        if bad:
            parts.append(trn("{n} with a problem", "{n} with problems", bad))
        lost = sum(row.lost for row in rows)
        if lost >= 0.05:
            parts.append(tr("{time} lost", time=text.length_text(lost)))
        shown = len(self.table.rows.rows)
        if shown != len(rows):
            parts.append(tr("{n} shown", n=f"{shown:,}"))
        self.status.setText("  ·  ".join(parts))

    def _chosen(self) -> None:
        row: Recording | None = self.table.one()
        self.chunks.setEnabled(row is not None and row.seconds > 0)
        self.sound.show_source(
            row.sound if row is not None else None, PurePath(row.path).name if row is not None else ""
        )
        if row is None:
            return
        path = Path(row.path)
        self.player.show_sound(lambda stopped: player.from_file(path, stopped), path.name)

    def _show_chunks(self) -> None:
        row: Recording | None = self.table.one()
        if row is not None:
            self._detail.show_source(row.path)

    def _edit_notes(self) -> None:
        from rave_gui.ui.dialogs.dataset_notes import NotesDialog

        if self._entry is None:
            return
        row: Recording | None = self.table.one()
        dialog = NotesDialog(self._session, self._entry, self._notes, row.path if row is not None else "")
        dialog.saved.connect(self._load)
        dialog.show_it()
