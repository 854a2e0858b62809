"""Threads put things into a queue; a timer of the window's thread takes them out and hands them on in batches.

Nothing else in the interface starts a thread, and no object of Qt is touched by one. A tick works at most
:data:`BUDGET` seconds; what is left waits for the next one, so a backlog (a long job re-read at start) never blocks painting.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QTimer

T = TypeVar("T")

INTERVAL_MS = 40
QUIET_MS = 120
"""Interval once nothing has come for :data:`QUIET_TICKS`: a window that nobody touches costs next to nothing."""
QUIET_TICKS = 50
BUDGET = 0.008
BATCH = 400
"""Items handed to a sink at once; small enough that one call stays within the budget."""
SWITCH_SECONDS = 0.0005
"""How long a reader may keep the interpreter while the window's thread waits for it. Python's own 5 ms are waited for each time Qt
calls into Python, dozens of times in one repaint: reading a long list beside it then costs the eye seconds."""

Sink = Callable[[list[Any]], None]


class Stop:
    """Told to a reader that nobody listens any more."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Ask the reader to return."""
        self._event.set()

    @property
    def requested(self) -> bool:
        """Whether the reader should return now."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep, but wake up at once when asked to stop. True when asked."""
        return self._event.wait(seconds)


class Task:
    """A thread at work for the window."""

    def __init__(
        self, sink: Sink | None, done: Callable[[Any], None] | None, failed: Callable[[Exception], None]
    ) -> None:
        self.stop = Stop()
        self.sink, self.done, self.failed = sink, done, failed
        self.awaited = True
        """Whether :meth:`Bridge.close` gives the thread time to end."""
        self.pending: deque[Any] = deque()
        self.inbox: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self.outcome: tuple[str, Any] | None = None
        self.thread: threading.Thread | None = None

    def emit(self, item: Any) -> None:
        """Hand one item to the window's thread (called by the reader)."""
        self.inbox.put(("item", item))

    def cancel(self) -> None:
        """Stop listening: no callback comes any more; the reader is asked to end."""
        self.stop.set()
        self.sink = self.done = None
        self.failed = lambda _error: None


class Bridge(QObject):
    """Runs readers and one-off calls in threads. The timer only runs while there is something to wait for."""

    def __init__(
        self, parent: QObject | None = None, on_bug: Callable[[Exception], None] | None = None
    ) -> None:
        super().__init__(parent)
        sys.setswitchinterval(SWITCH_SECONDS)
        self._tasks: list[Task] = []
        self._on_bug = on_bug
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL_MS)
        self._quiet = 0
        self._timer.timeout.connect(self.drain)

    @property
    def busy(self) -> bool:
        """Whether any thread is at work or a result waits."""
        return bool(self._tasks)

    def call(
        self,
        work: Callable[[], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
    ) -> Task:
        """Run ``work`` in a thread; ``done(result)`` or ``failed(error)`` follows in the window's thread."""
        return self._start(Task(None, done, failed or self._bug), lambda task: work())

    def aside(self, work: Callable[[], object], failed: Callable[[Exception], None] | None = None) -> Task:
        """:meth:`call` for what nobody waits for, not even the window when it closes: the thread is left behind."""
        task = Task(None, None, failed or self._bug)
        task.awaited = False
        return self._start(task, lambda _task: work())

    def stream(
        self,
        read: Callable[[Stop, Callable[[Any], None]], T],
        sink: Sink,
        done: Callable[[T], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
    ) -> Task:
        """Run ``read(stop, emit)`` in a thread; what it emits comes to ``sink`` in batches, in order, before ``done``."""
        return self._start(Task(sink, done, failed or self._bug), lambda task: read(task.stop, task.emit))

    def close(self, seconds: float = 2.0) -> None:
        """Ask every reader to end and wait for them, at most ``seconds`` in all. Nothing is called back afterwards."""
        self._timer.stop()
        for task in self._tasks:
            task.cancel()
        deadline = time.monotonic() + seconds
        for task in self._tasks:
            if task.thread is not None and task.awaited:
                task.thread.join(max(0.0, deadline - time.monotonic()))
        self._tasks.clear()

    def drain(self) -> None:
        """Hand on what has come, within the budget."""
        deadline = time.perf_counter() + BUDGET
        came = False
        for task in list(self._tasks):
            came = self._receive(task) or bool(task.pending) or came
            while task.pending and time.perf_counter() < deadline:
                batch = [task.pending.popleft() for _ in range(min(BATCH, len(task.pending)))]
                if task.sink is not None:
                    task.sink(batch)
            if task.outcome is not None and not task.pending:
                self._tasks.remove(task)
                kind, value = task.outcome
                if kind == "failed":
                    task.failed(value)
                elif task.done is not None:
                    task.done(value)
        self._pace(0 if came else self._quiet + 1)
        if not self._tasks:
            self._timer.stop()

    def _pace(self, quiet: int) -> None:
        """Look often while things come, less often after a while without any."""
        self._quiet = quiet
        wanted = QUIET_MS if quiet > QUIET_TICKS else INTERVAL_MS
        if self._timer.interval() != wanted:
            self._timer.setInterval(wanted)

    def _receive(self, task: Task) -> bool:
        """Take what came; whether anything did."""
        came = False
        while True:
            try:
                kind, value = task.inbox.get_nowait()
            except queue.Empty:
                return came
            came = True
            if kind == "item":
                task.pending.append(value)
            else:
                task.outcome = (kind, value)

    def _start(self, task: Task, work: Callable[[Task], Any]) -> Task:
        def run() -> None:
            try:
                task.inbox.put(("done", work(task)))
            except Exception as error:  # noqa: BLE001 - carried to the window's thread, where it is shown or raised
                task.inbox.put(("failed", error))

        task.thread = threading.Thread(target=run, name="rave-gui-reader", daemon=True)
        self._tasks.append(task)
        task.thread.start()
        self._pace(0)
        if not self._timer.isActive():
            self._timer.start()
        return task

    def _bug(self, error: Exception) -> None:
        if self._on_bug is None:
            raise error
        self._on_bug(error)
