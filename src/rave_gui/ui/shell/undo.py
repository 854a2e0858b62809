"""Undo for what can be undone: moves to the trash, renames, tags, marks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

LIMIT = 50


@dataclass(frozen=True)
class Step:
    """One thing done: ``text`` says it ("Moved “drums” to the trash"). Both functions start their work and return at once."""

    text: str
    undo: Callable[[], object]
    redo: Callable[[], object] | None = None


class UndoStack(QObject):
    """What was done, newest last. It lives as long as the window."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._done: list[Step] = []
        self._undone: list[Step] = []

    @property
    def next_undo(self) -> Step | None:
        """What :meth:`undo` would undo."""
        return self._done[-1] if self._done else None

    @property
    def next_redo(self) -> Step | None:
        """What :meth:`redo` would do again."""
        return self._undone[-1] if self._undone else None

    def push(self, step: Step) -> None:
        """Something was done; what had been undone before cannot be done again."""
        self._done = [*self._done, step][-LIMIT:]
        self._undone.clear()
        self.changed.emit()

    def undo(self) -> None:
        """Undo the newest step (nothing when there is none)."""
        if self._done:
            step = self._done.pop()
            if step.redo is not None:
                self._undone.append(step)
            step.undo()
            self.changed.emit()

    def take_back(self, step: Step) -> bool:
        """Undo this step, whatever was done after it; False when it was undone or forgotten already."""
        if self.next_undo is step:
            self.undo()
            return True
        if all(s is not step for s in self._done):
            return False
        self.forget(step)
        step.undo()
        return True

    def redo(self) -> None:
        """Do again what was undone last."""
        if self._undone:
            step = self._undone.pop()
            self._done.append(step)
            if step.redo is not None:
                step.redo()
            self.changed.emit()

    def forget(self, step: Step) -> None:
        """A step that cannot be undone any more."""
        self._done = [s for s in self._done if s is not step]
        self._undone = [s for s in self._undone if s is not step]
        self.changed.emit()

    def clear(self) -> None:
        """Forget everything (another project was opened)."""
        self._done.clear()
        self._undone.clear()
        self.changed.emit()
