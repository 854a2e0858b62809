"""Sliders in the window's own look."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QSlider, QStyle, QStyleOptionSlider, QWidget

from rave_gui.ui.theme.manager import ThemeManager
from rave_gui.ui.widgets.basic import label


class Slider(QSlider):
    """A horizontal slider; the arrow keys move it by one, Page keys by ten, Home and End to the ends."""

    def __init__(self, themes: ThemeManager, name: str, low: int = 0, high: int = 100) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._themes = themes
        self.setRange(low, high)
        self.setPageStep(max(1, (high - low) // 10))
        self.setAccessibleName(name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        theme = self._themes.theme
        return QSize(theme.px(120), max(24, theme.px(26)))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        theme = self._themes.theme
        return QSize(theme.px(60), max(24, theme.px(26)))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        theme, c = self._themes.theme, self._themes.theme.colors
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        handle = self.style().subControlRect(
            QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, self
        )
        x, middle = handle.center().x() + 0.5, self.height() / 2
        on = self.isEnabled()
        thick, knob = theme.px(4), theme.px(16)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(c.control if theme.name == "high-contrast" else c.pressed))
        painter.drawRoundedRect(QRectF(2, middle - thick / 2, self.width() - 4, thick), thick / 2, thick / 2)
        painter.setBrush(QColor(c.accent if on else c.disabled))
        painter.drawRoundedRect(QRectF(2, middle - thick / 2, max(0.0, x - 2), thick), thick / 2, thick / 2)
        painter.setBrush(QColor(c.surface))
        painter.setPen(QPen(QColor(c.accent if on else c.disabled), 2))
        painter.drawEllipse(QRectF(x - knob / 2 + 1, middle - knob / 2 + 1, knob - 2, knob - 2))
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(c.focus), 2))
            ring = knob + 5
            painter.drawEllipse(QRectF(x - ring / 2, middle - ring / 2, ring, ring))
        painter.end()


class Dial(QWidget):
    """A slider with its label on the left above it and its value on the right; ``moved`` carries the value (not the steps)."""

    moved = Signal(float)
    settled = Signal(float)
    """The value after a move has ended: the mouse let go, or a key was pressed."""

    def __init__(
        self,
        themes: ThemeManager,
        name: str,
        span: tuple[float, float, int],
        show: Callable[[float], str],
        tip: str = "",
    ) -> None:
        """``span``: lowest, highest, number of steps; ``show`` puts a value into words."""
        super().__init__()
        self._low, self._high, self._steps = span
        self._show = show
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        self.title = label(name, "strong")
        self.value_label = label("", "muted")
        self.slider = Slider(themes, name, 0, self._steps)
        self.title.setBuddy(self.slider)
        self.setToolTip(tip)
        self.slider.setAccessibleDescription(tip)
        grid.addWidget(self.title, 0, 0)
        grid.addWidget(self.value_label, 0, 1, Qt.AlignmentFlag.AlignRight)
        grid.addWidget(self.slider, 1, 0, 1, 2)
        self.slider.valueChanged.connect(self._changed)
        self.slider.sliderReleased.connect(lambda: self.settled.emit(self.value()))
        self._tell()

    def value(self) -> float:
        """The present value."""
        return self._low + (self._high - self._low) * self.slider.value() / self._steps

    def set(self, value: float) -> None:
        """Show a value without a signal."""
        self.slider.blockSignals(True)
        share = (value - self._low) / (self._high - self._low)
        self.slider.setValue(round(min(1.0, max(0.0, share)) * self._steps))
        self.slider.blockSignals(False)
        self._tell()

    def _changed(self, _step: int) -> None:
        self._tell()
        self.moved.emit(self.value())
        if not self.slider.isSliderDown():
            self.settled.emit(self.value())

    def _tell(self) -> None:
        text = self._show(self.value())
        self.value_label.setText(text)
        self.slider.setToolTip(f"{self.title.text()}: {text}")
