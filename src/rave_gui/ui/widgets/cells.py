"""How one cell of a list is painted. Lists of thousands are scrolled and selected, so nothing is made twice: fonts and colours once a
theme, the glyphs of a text once."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QStaticText
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from rave_gui.ui.theme import fonts, icons
from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.theme.tokens import Theme

Index = QModelIndex | QPersistentModelIndex
ROW = Qt.ItemDataRole.UserRole
MOST_TEXTS = 4000
"""Texts whose glyphs are kept; a screen shows some hundreds."""
_GROUNDED = QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver


class _Letters:
    """One font, its height, and texts laid out in it."""

    def __init__(self, font: QFont) -> None:
        self.font = font
        self.metrics = QFontMetrics(font)
        self.height = self.metrics.height()
        self._kept: dict[str, tuple[QStaticText, float]] = {}
        self._short: dict[tuple[str, int], tuple[QStaticText, float]] = {}

    def laid_out(self, text: str, width: int) -> tuple[QStaticText, float]:
        """The text, shortened where it is wider than ``width`` pixels, and how wide it is."""
        found = self._kept.get(text)
        if found is None:
            if len(self._kept) >= MOST_TEXTS:
                self._kept.clear()
            found = self._kept[text] = self._made(text)
        if found[1] <= width:
            return found
        key = (text, width)
        short = self._short.get(key)
        if short is None:
            if len(self._short) >= MOST_TEXTS:
                self._short.clear()
            line = " ".join(text.split()) if "\n" in text else text
            short = self._made(self.metrics.elidedText(line, Qt.TextElideMode.ElideRight, width))
            self._short[key] = short
        return short

    def _made(self, text: str) -> tuple[QStaticText, float]:
        made = QStaticText(" ".join(text.split()) if "\n" in text else text)
        made.setTextFormat(Qt.TextFormat.PlainText)
        made.prepare(font=self.font)
        return made, made.size().width()


class _Looks:
    """What a theme gives to cells."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        weight = QFont.Weight
        self.plain = _Letters(fonts.text_font(theme, "body"))
        self.toned = _Letters(fonts.text_font(theme, "body", weight.Medium))
        self.strong = _Letters(fonts.text_font(theme, "body", weight.DemiBold))
        self.small = _Letters(fonts.text_font(theme, "caption"))
        self.pad, self.gap = theme.space("m"), theme.space("s")
        self.icon, self.between, self.bar = theme.px(16), theme.px(3), theme.px(4)
        self._colors: dict[str, QColor] = {}

    def color(self, role: str) -> QColor:
        """A colour of the theme."""
        found = self._colors.get(role)
        if found is None:
            found = self._colors[role] = QColor(getattr(self.theme.colors, role))
        return found


class CellDelegate(QStyledItemDelegate):
    """Paints one cell from its :class:`~rave_gui.ui.widgets.table.Column`: icon, text, note, bar, in the theme's colours."""

    def __init__(self, themes: ThemeManager, parent: QWidget) -> None:
        super().__init__(parent)
        self._themes = themes
        self._looks: _Looks | None = None

    @property
    def looks(self) -> _Looks:
        """Fonts and colours of the present theme."""
        theme = self._themes.theme
        if self._looks is None or self._looks.theme is not theme:
            self._looks = _Looks(theme)
        return self._looks

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one cell."""
        model: Any = index.model()
        column, row = model.columns[index.column()], index.data(ROW)
        looks = self.looks
        state = option.state
        if state & _GROUNDED:
            option.widget.style().drawPrimitive(
                QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget
            )
        rect = option.rect
        left, top, height = rect.left() + looks.pad, rect.top(), rect.height()
        width = rect.width() - 2 * looks.pad
        tone = column.tone(row) if column.tone is not None else ""
        if tone:
            color = looks.color(tone)
        else:
            chosen = column.strong and bool(state & QStyle.StateFlag.State_Selected)
            color = looks.color("on_soft" if chosen else "text")
        icon = column.icon(row) if column.icon is not None else ""
        if icon:
            size = looks.icon
            shade = color.name() if tone else looks.theme.colors.muted
            picture = icons.pixmap(icon, shade, size, option.widget.devicePixelRatioF())
            painter.drawPixmap(left, top + (height - size) // 2, picture)
            left += size + looks.gap
            width -= size + looks.gap
        letters = looks.strong if column.strong else looks.toned if tone else looks.plain
        dense = getattr(option.widget, "dense", False)  # rows of one line, where there is little height
        note = column.note(row) if column.note is not None and not dense else ""
        share = column.share(row) if column.share is not None else None
        below = looks.small.height if note else looks.bar if share is not None else 0
        if below:
            top += (height - letters.height - below - looks.between) // 2
        else:
            top += (height - letters.height) // 2
        painter.setPen(color)
        self._write(painter, letters, column.text(row), QRectF(left, top, width, 0), column.right)
        under = QRectF(left, top + letters.height + looks.between, width, below)
        if note:
            painter.setPen(looks.color("muted"))
            self._write(painter, looks.small, note, under, column.right)
        elif share is not None:
            self._bar(painter, under, share, tone)

    def _write(self, painter: QPainter, letters: _Letters, text: str, place: QRectF, right: bool) -> None:
        if not text or place.width() <= 0:
            return
        made, wide = letters.laid_out(text, int(place.width()))
        left = place.left() + (max(0.0, place.width() - wide) if right else 0.0)
        painter.setFont(letters.font)
        painter.drawStaticText(QPointF(left, place.top()), made)

    def _bar(self, painter: QPainter, bar: QRectF, share: float, tone: str) -> None:
        looks, round_ = self.looks, bar.height() / 2
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(looks.color("pressed"))
        painter.drawRoundedRect(bar, round_, round_)
        bar.setWidth(bar.width() * min(1.0, max(0.0, share)))
        painter.setBrush(looks.color(tone if tone and tone != "muted" else "accent"))
        painter.drawRoundedRect(bar, round_, round_)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 - Qt's name
        """Room for one line."""
        theme = self._themes.theme
        return QSize(theme.px(80), theme.control_height)
