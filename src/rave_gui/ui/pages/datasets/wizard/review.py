"""Second step: every file that was found, to be looked at, heard, and left out."""

from __future__ import annotations

import time
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from rave_gui.errors import UserError
from rave_gui.ui import words
from rave_gui.ui.bridge import Stop, Task
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.pages.datasets.list_view import SearchField
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, Card, ElidedLabel, Segments
from rave_gui.ui.widgets.long_table import LongModel, LongTable
from rave_gui.ui.widgets.player import PlayerView
from rave_gui.ui.widgets.table import Column
from rave_gui.viewmodels import datasets as text
from rave_gui.viewmodels import player
from rave_gui.viewmodels.datasets_files import FilesModel, Order, format_of
from rave_gui.viewmodels.datasets_wizard import WizardModel

if TYPE_CHECKING:
    from rave_gui.viewmodels.datasets_files import Numbers

BATCH_SECONDS = 0.05
ARRANGE_MS = 120
TELLING = 1000


class Cancel:
    """What a scan asks whether to stop."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def is_set(self) -> bool:
        """Whether nobody listens any more."""
        return self._stop.requested


class ReviewStep(QWidget):
    """The scan and its table. ``scanned`` carries the finished :class:`Scan`."""

    scanned = Signal(object)

    def __init__(self, session: Session, model: WizardModel) -> None:
        super().__init__()
        self._session, self._model = session, model
        self.files: FilesModel = model.files
        self._task: Task | None = None
        self._arranging: Task | None = None
        self._measuring: Task | None = None
        self._wanted = Order()
        themes = session.themes
        space = themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("m"))
        bar = QHBoxLayout()
        bar.setSpacing(space("s"))
        self.search = SearchField(session, tr("Search files"))
        self.search.setMaximumWidth(themes.theme.px(280))
        self.search.textChanged.connect(self._order)
        self.search.down.connect(self._to_table)
        self.show_only = Segments(
            [
                ("all", tr("All")),
                ("usable", tr("Taken")),
                ("problems", tr("Problems")),
                ("excluded", tr("Left out")),
            ],
            tr("Which files are shown"),
        )
        self.show_only.set("all")
        self.show_only.chosen.connect(lambda _key: self._order())
        bar.addWidget(self.search, 1)
        bar.addWidget(self.show_only)
        bar.addStretch(1)
        self.measure = Button(
            themes,
            tr("Measure levels"),
            "gauge",
            tip=tr("Peak and loudness of the chosen files, or of all shown"),
        )
        self.measure.clicked.connect(self._measure)
        self.leave_out = Button(
            themes, tr("Leave out"), "eye-off", tip=tr("Chosen files are not taken into the dataset (Delete)")
        )
        self.leave_out.clicked.connect(self._toggle_excluded)
        box.addLayout(bar)
        self.rows = LongModel(self._columns(), lambda: len(self.files.shown), self._row)
        self.table = LongTable(
            themes,
            tr("Files found"),
            self.rows,
            drop=("size", "channels", "loudness", "peak", "format", "rate"),
        )
        self.table.sorted_by.connect(self._sort)
        self.table.chosen.connect(self._chosen)
        self.table.menu = self._menu
        box.addWidget(self.table, 1)
        foot = QHBoxLayout()
        foot.setSpacing(space("s"))
        self.status = ElidedLabel("", "muted")
        self.stop = Button(themes, tr("Stop searching"), "square", "quiet")
        self.stop.clicked.connect(self._stop)
        self.stop.hide()
        foot.addWidget(self.status, 1)
        foot.addWidget(self.stop)
        foot.addWidget(self.measure)
        foot.addWidget(self.leave_out)
        box.addLayout(foot)
        card = Card(themes)
        self.player = PlayerView(
            themes,
            session.bridge,
            name=tr("Waveform of the chosen file; the arrow keys move the playhead"),
            wave_height=64,
        )
        self.player.clear(tr("Choose a file to see and hear it."))
        card.box.addWidget(self.player)
        box.addWidget(card)
        self.table.space.connect(self.player.toggle)
        self.table.opened.connect(lambda _row: self.player.toggle())
        delete = QShortcut(QKeySequence("Del"), self.table, self._toggle_excluded)
        delete.setContext(delete.context().WidgetShortcut)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(ARRANGE_MS)
        self._settle.timeout.connect(self._arrange)
        self.files.changed.connect(self._files_changed)
        self._chosen()
        self._say()

    def first_focus(self) -> QWidget:
        """What gets the focus when the step is shown."""
        return self.table

    # Scanning

    def scan(self) -> None:
        """Look for files, when the sources are not those that were looked at last."""
        wanted = self._model.wanted_scan
        services = self._session.services
        if services is None or self._model.scanned == wanted:
            return
        self.cancel()
        self.files.clear()
        self._model.scanned, self._model.scanning = wanted, True
        self._model.scan_problem = ""
        self.player.clear(tr("Choose a file to see and hear it."))
        sources, extensions = list(wanted[0]), list(wanted[1])

        def read(stop: Stop, emit: Any) -> Any:
            from rave_gui.datasets import actions

            waiting: list[Any] = []
            last = time.monotonic()

            def on_file(row: Any) -> None:
                nonlocal last
                waiting.append(row)
                now = time.monotonic()
                if now - last > BATCH_SECONDS or len(waiting) >= 500:
                    emit(waiting[:])
                    waiting.clear()
                    last = now

            found = actions.scan(
                services, sources, on_file=on_file, cancel=Cancel(stop), extensions=extensions
            )
            if waiting:
                emit(waiting[:])
            return found

        def sink(batches: list[Any]) -> None:
            for rows in batches:
                self.files.add(rows)

        self._task = self._session.stream(read, sink, self._scanned, self._failed)
        self.stop.show()
        self._say()

    def cancel(self) -> None:
        """Stop every thread; what was found stays."""
        for task in (self._task, self._arranging, self._measuring):
            if task is not None:
                task.cancel()
        if self._task is not None:
            self._model.scanned = None
        self._task = self._arranging = self._measuring = None
        self._model.scanning = False
        self.stop.hide()
        self.player.release()

    def _stop(self) -> None:
        """Ask the scan to end with what it has."""
        if self._task is not None:
            self._task.stop.set()

    def _scanned(self, found: Any) -> None:
        self._task = None
        self._model.scanning = False
        self.stop.hide()
        self._model.changed.emit("files")
        self._say()
        if not self.table.selected() and self.files.shown:
            self.table.choose([0])
        self.scanned.emit(found)

    def _failed(self, error: Exception) -> None:
        self._task = None
        self._model.scanned, self._model.scanning = None, False
        self._model.scan_problem = error.message if isinstance(error, UserError) else ""
        self.stop.hide()
        self._model.changed.emit("files")
        self._say()
        self._session.fail(error)

    # The table

    def _columns(self) -> list[Column[Any]]:
        files = self.files

        def out(row: Any) -> bool:
            return files.is_out(row.path)

        def level(row: Any, which: str) -> str:
            found = files.levels.get(row.path)
            value = getattr(found, which) if found is not None else None
            return f"{value:.1f}" if value is not None else ""

        def tone(row: Any) -> str:
            return "muted" if out(row) else "" if row.usable else "danger"

        return [
            Column(
                "name",
                tr("Name"),
                lambda row: PurePath(row.path).name,
                tone=tone,
                icon=lambda row: "eye-off" if out(row) else "music" if row.usable else "triangle-alert",
                tip=lambda row: f"{row.path}\n{row.reason}".strip(),
            ),
            Column("length", tr("Length"), lambda row: "" if row.seconds is None else text.length_text(row.seconds), 100, right=True, tone=lambda row: "muted" if out(row) else ""),
            Column("rate", tr("Rate"), lambda row: text.rate_text(row.sample_rate), 90, right=True),
            Column("channels", tr("Channels"), lambda row: text.channels_text(row.channels) if row.channels else "", 94),
            Column("format", tr("Format"), format_of, 74),
            Column("size", tr("Size"), lambda row: words.size(row.size), 90, right=True),
            Column("peak", tr("Peak dBFS"), lambda row: level(row, "peak_db"), 92, right=True),
            Column("loudness", tr("LUFS"), lambda row: level(row, "loudness"), 76, right=True),
            Column(
                "problem",
                tr("Remark"),
                lambda row: tr("Left out by you") if out(row) else row.reason,
                210,
                tone=tone,
                tip=lambda row: row.reason,
            ),
        ]  # fmt: skip

    def _row(self, number: int) -> Any:
        shown = self.files.shown
        return self.files.rows[shown[number]] if number < len(shown) else None

    def _chosen_numbers(self, most: int | None = None) -> Numbers:
        """Numbers of the chosen rows among all that were found; at most the first ``most``."""
        return self.files.numbers(self.table.selected(most))

    def _chosen(self) -> None:
        self._chosen_face()
        current = self.table.current()
        row = self._row(current) if current >= 0 and self.table.any_selected() else None
        if row is None:
            return
        if not row.usable:
            self.player.clear(row.reason)
            return
        path = Path(row.path)
        self.player.show_sound(lambda stopped: player.from_file(path, stopped), path.name)

    def _toggle_excluded(self) -> None:
        numbers = self._chosen_numbers()
        self.files.exclude_rows(numbers, not self.files.all_out(numbers))

    def _leave_out_format(self, kind: str) -> None:
        files = self.files
        rows = files.rows

        def done(numbers: list[int]) -> None:
            if files.rows is rows:
                files.exclude_rows(numbers)

        self._session.call(lambda: files.of_format(kind), done)

    def _menu(self) -> QMenu | None:
        rows = [self.files.rows[number] for number in self._chosen_numbers(2)]
        if not rows:
            return None
        menu = QMenu(self)
        self.table.sort_menu(menu)
        menu.addSeparator()
        menu.addAction(tr("Play or pause"), self.player.toggle)
        menu.addAction(self.leave_out.text(), self._toggle_excluded)
        menu.addAction(tr("Measure levels"), self._measure)
        if len(rows) == 1 and format_of(rows[0]):
            kind = format_of(rows[0])
            menu.addAction(
                tr("Leave out every {kind} file", kind=kind),
                lambda: self._leave_out_format(kind),
            )
        return menu

    def _to_table(self) -> None:
        if self.files.shown and not self.table.selected():
            self.table.choose([0])
        self.table.setFocus()

    # Order

    def _sort(self, key: str, descending: bool) -> None:
        self.table.show_sort(key, descending)
        self._order()

    def _order(self, *_: object) -> None:
        keys = ("all", "usable", "problems", "excluded")
        show: Any = next((k for k in keys if self.show_only.button(k).isChecked()), "all")
        key, descending = self.table.sort_key()
        sort: Any = key
        self._wanted = Order(self.search.text(), show, sort, descending)
        self._settle.start()

    def _arrange(self) -> None:
        order = self._wanted
        if self._arranging is not None:
            self._arranging.cancel()

        def read(stop: Stop, _emit: Any) -> list[int]:
            return self.files.arranged(order, lambda: stop.requested)

        self._arranging = self._session.stream(
            read, lambda _batch: None, lambda shown: self._arranged(order, shown)
        )

    def _arranged(self, order: Order, shown: list[int]) -> None:
        self._arranging = None
        numbers = self.files.shown
        kept = {numbers[place] for place in self.table.selected(TELLING) if place < len(numbers)}
        self.files.take(order, shown)
        if kept:
            places = [place for place, number in enumerate(shown) if number in kept]
            if places:
                self.table.choose(places)

    def _files_changed(self, what: str) -> None:
        if what == "rows":
            if self.files.order.plain:
                self.rows.grown()
            else:
                self._settle.start()
        elif what == "order":
            self.rows.again()
        else:
            self.rows.touched()
            self._chosen_face()
        self._say()

    def _chosen_face(self) -> None:
        """What the button would do; of a very long selection the first ones tell."""
        self.leave_out.setEnabled(self.table.any_selected())
        back = bool(self.files.out) and self.files.all_out(self._chosen_numbers(TELLING))
        self.leave_out.set_face(*((tr("Take in again"), "eye") if back else (tr("Leave out"), "eye-off")))

    def _say(self) -> None:
        files = self.files
        parts = [
            trn("{n} file", "{n} files", len(files.rows)),
            tr("{time} of sound taken", time=text.length_text(files.seconds)),
        ]
        if files.bad:
            parts.append(trn("{n} problem", "{n} problems", files.bad))
        if files.out:
            parts.append(tr("{n} left out", n=f"{files.out:,}"))
        if self._model.scanning:
            parts.insert(0, tr("Searching…"))
        if not self.files.order.plain:
            parts.append(tr("{n} shown", n=f"{len(files.shown):,}"))
        self.status.setText("  ·  ".join(parts))
        if self._model.scanning:
            self.table.say_empty(tr("Searching for recordings…"))
        elif self._model.scan_problem:
            self.table.say_empty(self._model.scan_problem)
        elif files.rows:
            self.table.say_empty(tr("No file matches. Try another word, or show all."))
        else:
            self.table.say_empty(tr("No sound files were found. Go back and choose another folder."))

    # Levels

    def _measure(self) -> None:
        if self._measuring is not None:
            self._measuring.stop.set()
            return
        services = self._session.services
        rows, levels = self.files.rows, self.files.levels
        chosen = self._chosen_numbers()
        numbers = chosen if len(chosen) > 1 else self.files.shown[:]
        if services is None or not len(numbers):
            return

        def read(stop: Stop, emit: Any) -> None:
            from rave_gui.viewmodels.datasets_levels import measured

            for number in numbers:
                path = rows[number].path
                if stop.requested:
                    return
                if not rows[number].usable or path in levels:
                    continue
                found = measured(services, path, lambda: stop.requested)
                if found is not None:
                    emit((path, found))

        def done(_result: Any) -> None:
            self._measuring = None
            self.measure.set_face(tr("Measure levels"), "gauge")

        def failed(error: Exception) -> None:
            done(None)
            self._session.fail(error)

        self.measure.set_face(tr("Stop measuring"), "square")
        self._measuring = self._session.stream(read, self.files.measured, done, failed)
