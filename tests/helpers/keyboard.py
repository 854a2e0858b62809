"""A user without a mouse: keys go to whatever has the focus, and at every stop the focus must be seen and have a name."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QStackedWidget, QWidget

PLAIN = Qt.KeyboardModifier.NoModifier
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
MOST_TABS = 60


class Keyboard:
    """Presses keys in the application's windows. ``stops`` is where the focus was: class and accessible name."""

    def __init__(self, window: QWidget, patience: float = 30.0) -> None:
        """``window`` gets the keys when a dialog has closed, as a desktop's window manager gives them back."""
        self.window, self.patience = window, patience
        self.stops: list[tuple[str, str]] = []
        self._proven: set[str] = set()

    @property
    def focus(self) -> QWidget:
        """The widget that gets the next key. Fails when none has the focus, it cannot be seen, or has no name."""
        self.until(self._focused, "something that is shown has the focus")
        widget = QApplication.focusWidget()
        assert widget is not None
        name = widget.accessibleName() or getattr(widget, "text", str)()
        where = f"{type(widget).__name__} {name!r} in {widget.window().windowTitle()!r}"
        assert not widget.visibleRegion().isEmpty(), f"the focus is scrolled out of sight: {where}"
        # Before the first key of a page nothing is marked: the focus is on the page as such. File dialogs are Qt's own.
        if not isinstance(widget, QStackedWidget) and not isinstance(widget.window(), QFileDialog):
            assert name, f"the focus is on something without a name: {where}"
        stop = (type(widget).__name__, name)
        if not self.stops or self.stops[-1] != stop:
            self.stops.append(stop)
        return widget

    def _focused(self) -> bool:
        if QApplication.activeWindow() is None:
            self.window.activateWindow()
        widget = QApplication.focusWidget()
        return widget is not None and widget.isVisible()

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = PLAIN) -> None:
        """One key."""
        QTest.keyClick(self.focus, key, modifiers)

    def type(self, text: str) -> None:
        """A text, in place of what is there."""
        widget = self.focus
        QTest.keyClick(widget, Qt.Key.Key_A, CTRL)
        QTest.keyClicks(widget, text)

    def tab_to(self, name: str) -> QWidget:
        """Tab until the control of that name (or whose name begins so) has the focus."""
        passed = []
        for _ in range(MOST_TABS):
            widget = self.focus
            passed.append(self.stops[-1][1])
            if passed[-1].startswith(name) and not isinstance(widget, QStackedWidget):
                self._prove(widget)
                return widget
            QTest.keyClick(widget, Qt.Key.Key_Tab)
        raise AssertionError(f"Tab never came to {name!r}, only to {passed}")

    def until(self, there: Callable[[], object], what: str, patience: float | None = None) -> None:
        """Let the window work until something is so."""
        end = time.monotonic() + (patience or self.patience)
        while not there():
            assert time.monotonic() < end, f"it never came about that {what}; stops: {self.stops[-8:]}"
            QApplication.processEvents()
            time.sleep(0.005)

    def dialog(self) -> QDialog:
        """The dialog that is open and active."""
        self.until(lambda: isinstance(QApplication.activeWindow(), QDialog), "a dialog opens")
        found = QApplication.activeWindow()
        assert isinstance(found, QDialog)
        return found

    def choose_file(self, path: str, press: Callable[[], None]) -> None:
        """Do what opens a file dialog, then type a path into it and press Enter (the dialog has its own event loop)."""
        end = time.monotonic() + self.patience
        said: list[str] = []

        def answer() -> None:
            dialog = QApplication.activeModalWidget()
            late = time.monotonic() > end
            focus = QApplication.focusWidget()
            if (
                isinstance(dialog, QFileDialog)
                and focus is not None
                and dialog.isAncestorOf(focus)
                and not late
            ):
                if not said:
                    said.append(path)
                    self.type(path)
                self.press(Qt.Key.Key_Return)  # the first may only close the list of completions
            if dialog is not None and late:
                said.append("it did not close")
                dialog.close()
            elif len(said) < 2 and not late:
                QTimer.singleShot(50, answer)

        QTimer.singleShot(50, answer)
        press()
        assert said == [path], f"a file dialog opens and takes the path: {said}"
        said.append("closed")

    def _prove(self, widget: QWidget) -> None:
        """The focus of such a control can be seen: with it, it looks different. Once for each look."""
        kind = f"{type(widget).__name__} {widget.property('variant')}"
        if kind in self._proven:
            return
        self._proven.add(kind)
        area = QRect(widget.mapTo(widget.window(), QPoint(0, 0)), widget.size()).adjusted(-4, -4, 4, 4)
        with_focus = _look(widget.window(), area)
        widget.clearFocus()
        QApplication.processEvents()
        without = _look(widget.window(), area)
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        assert with_focus != without, f"nobody sees that the focus is on {kind}"


def _look(window: QWidget, area: QRect) -> QImage:
    return window.grab(area).toImage()
