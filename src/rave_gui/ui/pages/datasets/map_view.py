"""The sound map: chunks that sound alike lie together; click to hear them."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from rave_gui.ui.i18n import tr, trn
from rave_gui.ui.pages.datasets.chunk_panel import ChunkPanel
from rave_gui.ui.shell.session import Session
from rave_gui.ui.widgets.basic import Button, Card, ElidedLabel, label
from rave_gui.ui.widgets.empty import EmptyState
from rave_gui.ui.widgets.scatter import ScatterView
from rave_gui.viewmodels.datasets import Entry
from rave_gui.viewmodels.datasets_chunks import ChunksModel

if TYPE_CHECKING:
    from rave_gui.ui.pages.datasets.detail import DetailView

SIMILAR = 8


class MapTab(QWidget):
    """The map on the left, the chosen chunk and those like it on the right."""

    def __init__(self, session: Session, detail: DetailView) -> None:
        super().__init__()
        self._session, self._detail = session, detail
        self.model = ChunksModel()
        self._entry: Entry | None = None
        self._map: Any = None
        themes = session.themes
        space = themes.theme.space
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        self.stack = QStackedWidget()
        box.addWidget(self.stack)
        self.empty = EmptyState(
            themes,
            "chart-scatter",
            tr("A map of the sound"),
            tr(
                "Chunks that sound alike lie together, so that you hear at once what the dataset is made of, and what does not belong. "
                "Measure the sound to see it."
            ),
        )
        row = QHBoxLayout()
        row.addStretch(1)
        self.measure = Button(themes, tr("Measure the sound"), "chart-bar", "primary")
        self.measure.clicked.connect(detail.measure)
        row.addWidget(self.measure)
        row.addStretch(1)
        self.empty.box.insertLayout(self.empty.box.count() - 1, row)
        self.stack.addWidget(self.empty)
        full = QWidget()
        columns = QHBoxLayout(full)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(space("m"))
        left = Card(themes)
        self.source = QComboBox()
        self.source.setAccessibleName(tr("Show one recording in colour"))
        self.source.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.source.setMinimumContentsLength(18)
        self.about = label("", "caption", wrap=True)
        left.box.addWidget(self.source, 0, Qt.AlignmentFlag.AlignLeft)
        self.view = ScatterView(themes, tr("Sound map; the arrow keys walk from chunk to chunk, Space plays"))
        self.source.activated.connect(lambda _i: self.view.light(self.source.currentData()))
        self.view.picked.connect(self.choose)
        self.view.hovered.connect(self._hovered)
        left.box.addWidget(self.view, 1)
        self.hint = ElidedLabel(tr("Click a point to hear it; the arrow keys walk on."), "caption")
        left.box.addWidget(self.hint)
        left.box.addWidget(self.about)
        columns.addWidget(left, 3)
        right = Card(themes)
        self.panel = ChunkPanel(session, self.model, compact=True)
        self.view.pressed.connect(lambda _n: self.panel.player.toggle())
        right.box.addWidget(self.panel, 1)
        right.box.addWidget(label(tr("Sounds most like it"), "strong"))
        self.similar = QListWidget()
        self.similar.setAccessibleName(tr("Chunks that sound most like the chosen one"))
        self.similar.setMaximumHeight(themes.theme.px(140))
        self.similar.setMinimumHeight(themes.theme.px(64))
        self.similar.itemActivated.connect(self._similar_chosen)
        self.similar.itemClicked.connect(self._similar_chosen)
        right.box.addWidget(self.similar)
        self.show_chunk = Button(themes, tr("Show among the chunks"), "list", "quiet")
        self.show_chunk.clicked.connect(lambda: detail.show_chunk(self.panel.index))
        right.box.addWidget(self.show_chunk, 0, Qt.AlignmentFlag.AlignLeft)
        columns.addWidget(right, 2)
        self.stack.addWidget(full)

    # What the view asks

    def show_entry(self, entry: Entry, fresh: bool) -> None:
        """Show a dataset's map."""
        if self._entry is not None and self._entry.path == entry.path and not fresh:
            return
        self._entry, self._map = entry, None
        self.measure.setVisible(not entry.lazy)
        services = self._session.services
        if services is None or not entry.usable_now:
            return
        self.panel.clear()
        self.similar.clear()
        path, paths = entry.path, services.paths

        def work() -> Any:
            from rave_gui.datasets import similarity

            found = similarity.load(path, paths=paths)
            return found, self.model.open(path, paths) if found is not None else {}

        self._session.call(work, self._loaded)

    def forget(self) -> None:
        """It has changed, or is shown no more."""
        self._entry = self._map = None
        self.panel.clear()
        self._session.call(self.model.close)

    def release(self) -> None:
        """No sound any more."""
        self.panel.release()

    def _loaded(self, found: Any) -> None:
        self._map, facts = found
        self.stack.setCurrentIndex(int(self._map is not None))
        if self._map is None:
            return
        self.model.opened(facts)
        self.view.set_points(self._map.points, self._map.sources)
        self.source.clear()
        self.source.addItem(tr("All recordings"), -2)
        for i, path in enumerate(self._map.names[:2000]):
            self.source.addItem(PurePath(path).name, i)
        self.source.setVisible(len(self._map.names) > 1)
        self.about.setText(
            trn(
                "{n} chunk. The two axes show {share} of what tells them apart.",
                "{n} chunks; the largest recordings have colours of their own. The two axes show {share} of what tells them apart.",
                len(self._map.points),
                share=f"{self._map.variance:.0%}",
            )
        )
        self.show_chunk.setEnabled(False)

    def choose(self, number: int, *, play: bool = True) -> None:
        """Show a point's chunk and those that sound like it, and let it be heard."""
        index = int(self._map.indices[number])
        alike = self._map.similar(index, SIMILAR)
        places = {int(one): i for i, one in enumerate(self._map.indices)}
        self.view.select(number, [places[one] for one in alike[:4] if one in places])
        self.panel.show_chunk(index, play=play)
        self.show_chunk.setEnabled(True)
        self.similar.clear()
        for one in alike:
            item = QListWidgetItem(f"{tr('Chunk {n}', n=f'{one:,}')}   {self._name(places[one])}")
            item.setData(Qt.ItemDataRole.UserRole, places[one])
            self.similar.addItem(item)

    def _similar_chosen(self, item: QListWidgetItem) -> None:
        self.choose(int(item.data(Qt.ItemDataRole.UserRole)))

    def _name(self, number: int) -> str:
        group = int(self._map.sources[number])
        return PurePath(self._map.names[group]).name if group >= 0 else ""

    def _hovered(self, number: int) -> None:
        if number < 0 or self._map is None:
            self.hint.setText(tr("Click a point to hear it; the arrow keys walk on."))
            return
        self.hint.setText(
            f"{tr('Chunk {n}', n=f'{int(self._map.indices[number]):,}')}  ·  {self._name(number)}"
        )
