"""The inspector: every chunk of a dataset, in any order, to be heard, marked and written out."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QIntValidator, QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QLineEdit, QMenu, QSplitter, QVBoxLayout, QWidget

from rave_gui.errors import UserError
from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.pages.datasets.chunk_panel import ChunkPanel
from rave_gui.ui.shell.session import Session
from rave_gui.ui.shell.undo import Step
from rave_gui.ui.widgets.basic import Button, Card, ElidedLabel, IconButton
from rave_gui.ui.widgets.job_line import JobStrip
from rave_gui.ui.widgets.long_table import LongModel, LongTable
from rave_gui.ui.widgets.sides import Sides, beside
from rave_gui.ui.widgets.table import Column
from rave_gui.viewmodels import datasets as text
from rave_gui.viewmodels.datasets import Entry
from rave_gui.viewmodels.datasets_chunks import PAGE, ChunksModel, View, chosen_indices

if TYPE_CHECKING:
    from rave_gui.ui.pages.datasets.detail import DetailView

FETCH_MS = 15
LISTED = 5000
"""Recordings offered to choose from, at most."""
ALL, MARKED = "", "\0marked"


def columns() -> list[Column[Any]]:
    """Columns of the table of chunks."""
    return [
        Column("index", tr("Chunk"), lambda r: f"{r.index:,}", 92, right=True, icon=lambda r: "flag" if r.bad else "", tone=lambda r: "warning" if r.bad else ""),
        Column("source", tr("Recording"), lambda r: PurePath(r.source).name if r.source else "–", tip=lambda r: r.source, tone=lambda r: "danger" if r.problem else ""),
        Column("offset", tr("From"), lambda r: "" if r.offset is None else text.length_text(r.offset), 92, right=True),
        Column("length", tr("Length"), lambda r: text.length_text(r.seconds), 80, right=True),
        Column("loudness", tr("RMS dB"), lambda r: _db(r.rms_db), 84, right=True),
        Column("peak", tr("Peak dB"), lambda r: _db(r.peak_db), 84, right=True),
        Column("silence", tr("Silence"), lambda r: "" if r.silence is None else f"{r.silence:.0%}", 78, right=True),
        Column("parts", tr("Parts"), lambda r: str(r.parts) if r.parts else "", 70, right=True, hidden=True),
        Column("hash", tr("Hash"), lambda r: r.hash[:12], 120, hidden=True),
    ]  # fmt: skip


def _db(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if value > -144 else "−∞"


class ChunksTab(QWidget):
    """Table on the left, the chosen chunk on the right. Pages are read while the table is scrolled."""

    def __init__(self, session: Session, detail: DetailView) -> None:
        super().__init__()
        self._session, self._detail = session, detail
        self.model = ChunksModel()
        self._entry: Entry | None = None
        self._fetching = self._opening = False
        self._goal: int | None = None
        self._source_goal = ""
        self._list_next = False
        """Whether the recordings are still to be listed, after the first page."""
        self._wanted_sort: tuple[Any, bool] | None = None
        themes = session.themes
        space = themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(space("m"))
        box.addWidget(self._tools())
        self.strip = JobStrip(session)
        self.strip.ended.connect(self._ended)
        box.addWidget(self.strip)
        self.rows = LongModel(columns(), lambda: self.model.count, self._row)
        self.table = LongTable(
            themes,
            tr("Chunks"),
            self.rows,
            drop=("hash", "parts", "length", "peak", "offset", "silence"),
            unsortable=("offset", "parts", "hash"),
        )
        self.table.sorted_by.connect(self._sort)
        self.table.chosen.connect(self._chosen)
        self.table.menu = self._menu
        card = Card(themes)
        self.panel = ChunkPanel(session, self.model)
        card.box.addWidget(self.panel)
        self.table.space.connect(self.panel.player.toggle)
        self.table.opened.connect(lambda _row: self.panel.player.toggle())
        split = QSplitter()
        split.setChildrenCollapsible(False)
        split.addWidget(self.table)
        split.addWidget(card)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        split.setSizes([620, 400])
        box.addWidget(split, 1)
        self.status = ElidedLabel("", "muted")
        box.addWidget(self.status)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(FETCH_MS)
        self._timer.timeout.connect(self._fetch)
        shortcut = QShortcut(QKeySequence("B"), self.table, self._toggle_bad)
        shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
        self.model.changed.connect(self._model_changed)
        self._chosen()

    def _tools(self) -> QWidget:
        themes = self._session.themes
        self.where = QComboBox()
        self.where.setAccessibleName(tr("Which chunks are shown"))
        self.where.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.where.setMinimumContentsLength(18)
        self.where.activated.connect(lambda _i: self._reorder())
        self.jump_field = QLineEdit()
        self.jump_field.setPlaceholderText(tr("Go to chunk…"))
        self.jump_field.setAccessibleName(tr("Go to the chunk of this number"))
        self.jump_field.setToolTip(tr("Number of a chunk, then Enter (Ctrl+G)"))
        self.jump_field.setMaximumWidth(themes.theme.px(140))
        self.jump_field.setValidator(QIntValidator(0, 2_147_483_647, self))
        self.jump_field.returnPressed.connect(self._jump_typed)
        self.flag = Button(
            themes, tr("Mark as bad"), "flag", tip=tr("A clean copy leaves marked chunks out (B)")
        )
        self.flag.clicked.connect(self._toggle_bad)
        self.export = Button(
            themes, tr("Export…"), "download", tip=tr("Write the chosen chunks as sound files")
        )
        self.export.clicked.connect(self._export)
        self.more = IconButton(themes, "ellipsis", tr("More about chunks"), variant="")
        self.more.clicked.connect(self._show_menu)
        left = beside(themes, self.where, self.jump_field, rest=True)
        return Sides(themes, left, beside(themes, self.flag, self.export, self.more))

    # What the view asks

    def show_entry(self, entry: Entry, fresh: bool) -> None:
        """Show a dataset's chunks."""
        if self._entry is not None and self._entry.path == entry.path and not fresh:
            return
        self._entry = entry
        services = self._session.services
        if services is None or not entry.usable_now:
            return
        self.panel.clear()
        self.model.clear()
        self.model.view = View()
        self._list_next = False
        self.where.setCurrentIndex(0)
        self._fill_where()
        self.table.show_sort("index", False)
        self._opening = True
        self._say()
        path, paths = entry.path, services.paths

        def done(facts: dict[str, Any]) -> None:
            if self._entry is None or self._entry.path != path:
                return
            self._opening = False
            self.model.opened(facts)
            self._list_next = not self.model.complete(0)
            if not self._list_next:
                self._list_sources()
            if self._goal is not None:
                goal, self._goal = self._goal, None
                self.jump(goal)
            elif self.model.count:
                self.table.choose([0])

        def failed(error: Exception) -> None:
            self._opening = False
            self._say()
            self._session.fail(error)

        self._session.call(lambda: self.model.open(path, paths), done, failed)

    def forget(self) -> None:
        """It has changed, or is shown no more."""
        self._entry = None
        self.panel.clear()
        self.model.clear()
        self._session.call(self.model.close)

    def release(self) -> None:
        """No sound any more."""
        self.panel.release()
        self.strip.clear()

    def jump(self, index: int) -> None:
        """Choose a chunk by its number, in the order that is shown."""
        if self._opening or not self.model.total:
            self._goal = index
            return
        view = self.model.view

        def done(place: int | None) -> None:
            if place is None:
                self._session.tell(tr("Chunk {n} is not among those shown.", n=f"{index:,}"))
                return
            self.table.choose([place])
            self.table.setFocus()

        self._session.call(lambda: self.model.place_of(index, view), done)

    def show_source(self, path: str) -> None:
        """Only the chunks of one recording; as soon as the recordings are listed."""
        places = [i for i, source in enumerate(self.model.sources[:LISTED]) if source.path == path]
        if not places:
            self._source_goal = path
            return
        self._source_goal = ""
        self.where.setCurrentIndex(places[0] + 2)
        self._reorder()

    # Rows

    def _row(self, number: int) -> Any:
        row = self.model.row(number)
        if self.model.wanting and not self._timer.isActive() and not self._fetching:
            self._timer.start()
        return row

    def _fetch(self) -> None:
        page = self.model.next_page()
        if page is None or self._fetching:
            return
        self._fetching = True
        view, generation = self.model.view, self.model.generation
        measure = self.model.measures(page)

        def done(rows: Any) -> None:
            self._fetching = False
            if self.model.take_page(page, rows, generation, measured=measure):
                self.rows.touched(page * PAGE, (page + 1) * PAGE - 1)
                self._chosen()
            if self._list_next:
                self._list_sources()
            self._fetch()

        def failed(error: Exception) -> None:
            self._fetching = False
            if isinstance(error, UserError) and error.code == "index-missing":
                return
            self._session.fail(error)

        self._session.call(lambda: self.model.fetch(page, view, measure=measure), done, failed)

    def _model_changed(self, what: str) -> None:
        if what == "view":
            self.rows.again()
        self._say()

    def _say(self) -> None:
        m = self.model
        if self._opening:
            self.status.setText(tr("Loading…"))
            self.table.say_empty(tr("Loading…"))
            return
        self.table.say_empty(
            tr("No chunk is marked as bad. Choose one and press B to mark it.") if m.view.marked else ""
        )
        parts = [trn("{n} chunk", "{n} chunks", m.count)]
        if m.count != m.total:
            parts.append(tr("of {n}", n=f"{m.total:,}"))
        if m.bad:
            parts.append(tr("{n} marked bad", n=f"{m.bad:,}"))
        self.status.setText("  ·  ".join(parts))

    def _list_sources(self) -> None:
        self._list_next = False
        entry = self._entry

        def done(found: list[Any]) -> None:
            if self._entry is not entry:
                return
            self.model.sources = found
            self._fill_where()
            if self._source_goal:
                self.show_source(self._source_goal)

        self._session.call(self.model.list_sources, done)

    def _fill_where(self) -> None:
        at = self.where.currentIndex()
        self.where.clear()
        self.where.addItem(tr("All chunks"))
        self.where.addItem(tr("Marked as bad"))
        self.where.addItems([source.name for source in self.model.sources[:LISTED]])
        self.where.setCurrentIndex(at if 0 <= at < 2 else 0)

    def _where(self) -> str:
        """What is chosen: :data:`ALL`, :data:`MARKED`, or the path of a recording."""
        at = self.where.currentIndex()
        return self.model.sources[at - 2].path if at >= 2 else (ALL, MARKED)[max(0, at)]

    # Order

    def _sort(self, key: Any, descending: bool) -> None:
        needs_index = key in ("loudness", "peak", "silence", "length", "source")
        if needs_index and self.model.lazy:
            self._session.tell(
                tr("This dataset only names its recordings: there is no sound in it to sort by.")
            )
            return
        if needs_index and not self.model.indexed:
            self._wanted_sort = (key, descending)
            self._build_index()
            return
        self.table.show_sort(key, descending)
        self._reorder()

    def _reorder(self) -> None:
        where = self._where()
        key, descending = self.table.sort_key()
        sort: Any = "" if key == "index" else key
        view = View(sort, descending, "" if where == MARKED else where, where == MARKED)
        kept = self.panel.index

        def done(found: tuple[int, int | None]) -> None:
            count, place = found
            self.model.show(view, count)
            if place is not None:
                self.table.choose([place])
            elif count:
                self.table.choose([0])
            else:
                self.panel.clear()

        def work() -> tuple[int, int | None]:
            place = self.model.place_of(kept, view) if kept >= 0 else None
            return self.model.count_of(view), place

        self._session.call(work, done)

    def _build_index(self) -> None:
        services, project, entry = self._session.services, self._session.project, self._entry
        if services is None or entry is None or self.strip.lines:
            return
        path = project.path if project is not None else None

        def work() -> Any:
            from rave_gui.datasets import actions

            return actions.build_index(services, entry.path, path)

        def done(view: Any) -> None:
            self._session.tell(tr("The chunks are being measured once; then they can be sorted."))
            self.strip.follow(view)

        self._session.call(work, done)

    def _ended(self, view: Any) -> None:
        if view.state == "failed" and view.error:
            self._session.tell(str(view.error.get("message", "")))
        if view.kind == "dataset-extract" and view.state == "succeeded":
            result = view.result or {}
            count = int(result.get("files") or 0)
            self._session.tell(
                trn(
                    "{n} sound file was written to {folder}.",
                    "{n} sound files were written to {folder}.",
                    count,
                    folder=str(result.get("folder", "")),
                )
            )
        if view.kind != "dataset-index" or view.state != "succeeded":
            return

        def done(facts: dict[str, Any]) -> None:
            self.model.opened(facts)
            if self._wanted_sort is not None:
                (key, descending), self._wanted_sort = self._wanted_sort, None
                self._sort(key, descending)

        self._session.call(self.model.look_again, done)

    # The chosen ones

    def _chosen_rows(self) -> list[Any]:
        return [self.model.row(number) for number in self.table.selected()[:100_000]]

    def _chosen(self) -> None:
        numbers = self.table.selected()
        self.flag.setEnabled(bool(numbers))
        self.export.setEnabled(bool(numbers) and not self.model.lazy)
        current = self.table.current()
        row = self.model.row(current) if current in numbers[:1000] else None
        if row is not None:
            if row.index != self.panel.index:
                self.panel.show_chunk(row.index)
            self.flag.set_face(*((tr("Not bad"), "flag") if row.bad else (tr("Mark as bad"), "flag")))

    def _indices(self, done: Any) -> None:
        """Numbers of the chosen chunks; rows that were never seen are read."""
        numbers, view = self.table.selected(), self.model.view
        rows = [self.model.row(number) for number in numbers] if len(numbers) <= PAGE else []
        if rows and all(row is not None for row in rows):
            done(chosen_indices(rows))
            return

        def work() -> list[int]:
            found: list[int] = []
            pages = sorted({number // PAGE for number in numbers})
            wanted = set(numbers)
            for page in pages:
                rows = self.model.fetch(page, view, measure=False)
                found += [row.index for i, row in enumerate(rows) if page * PAGE + i in wanted]
            return found

        self._session.call(work, done)

    def _toggle_bad(self) -> None:
        current = self.model.row(self.table.current()) if self.table.current() >= 0 else None
        bad = not (current is not None and current.bad)
        self._indices(lambda indices: self._mark(indices, bad))

    def _mark(self, indices: list[int], bad: bool) -> None:
        services, entry = self._session.services, self._entry
        if services is None or entry is None or not indices:
            return

        def put(on: bool) -> dict[str, Any]:
            from rave_gui.datasets.browse import mark

            mark(entry.path, indices, on, paths=services.paths)
            return self.model.look_again()

        def again(on: bool) -> None:
            self._session.call(lambda: put(on), self._marked)

        def done(facts: dict[str, Any]) -> None:
            self._marked(facts)
            words = (
                trn("{n} chunk was marked as bad.", "{n} chunks were marked as bad.", len(indices))
                if bad
                else trn(
                    "{n} chunk is not marked any more.", "{n} chunks are not marked any more.", len(indices)
                )
            )
            self._session.tell(words, Step(words, lambda: again(not bad), lambda: again(bad)))

        self._session.call(lambda: put(bad), done)

    def _marked(self, facts: dict[str, Any]) -> None:
        numbers, current = self.table.selected(), self.table.current()
        self.model.opened(facts)
        keep = [n for n in numbers if n < self.model.count]
        if keep:
            self.table.choose(keep, current if current in keep else None)

    def _export(self) -> None:
        self._indices(self._export_these)

    def export_all(self) -> None:
        """Every chunk as a sound file."""
        self._export_these(None)

    def _export_these(self, indices: list[int] | None) -> None:
        from rave_gui.ui.dialogs.dataset_extract import ExtractDialog

        if self._entry is not None:
            dialog = ExtractDialog(self._session, self._entry, indices)
            dialog.begun.connect(self.strip.follow)
            dialog.show_it()

    def _menu(self) -> QMenu | None:
        menu = QMenu(self)
        chosen = bool(self.table.selected())
        if chosen:
            menu.addAction(tr("Play or pause"), self.panel.player.toggle)
            menu.addAction(self.flag.text(), self._toggle_bad)
            menu.addAction(tr("Export the chosen chunks…"), self._export).setEnabled(not self.model.lazy)
            menu.addSeparator()
        menu.addAction(tr("Export all chunks…"), self.export_all).setEnabled(not self.model.lazy)
        clean = menu.addAction(tr("Clean copy without marked chunks…"), self._detail.commands.clean)
        clean.setEnabled(bool(self.model.bad))
        measure = menu.addAction(tr("Measure all chunks for sorting"), self._build_index)
        measure.setEnabled(not self.model.indexed and not self.model.lazy)
        self.table.sort_menu(menu)
        return menu

    def _show_menu(self) -> None:
        menu = self._menu()
        if menu is not None:
            menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def ask_number(self) -> None:
        """Let the number of a chunk be typed."""
        self.jump_field.setFocus()
        self.jump_field.selectAll()

    def _jump_typed(self) -> None:
        if self.jump_field.text():
            self.jump(int(self.jump_field.text()))
