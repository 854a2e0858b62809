"""A job in the foreground: progress on standard error, Ctrl+C that asks politely and never leaves the job unnoticed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rave_gui.errors import JobError, UserError
from rave_gui.i18n import tr
from rave_protocol.events import Log, Progress, Stamped, Warned

if TYPE_CHECKING:
    from collections.abc import Callable

    from rave_gui.cli.console import Console
    from rave_gui.jobs.service import JobView
    from rave_gui.jobs.watch import Watch

REDRAW_SECONDS = 0.1
SAY_SECONDS = 10.0
"""Without a terminal a line that says how far it is comes at most so often …"""
SAY_SHARE = 0.25
"""… or when so much more of the whole is done."""
BAR_WIDTH = 24
QUEUE_SECONDS = 1.5
"""A job that is queued for longer is worth a word about what it waits for; looked at so often."""


def clock(seconds: float) -> str:
    """``75`` as ``1:15``, ``3675`` as ``1:01:15``."""
    whole = max(0, int(seconds + 0.5))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def describe(progress: Progress) -> str:
    """One progress event in words: share, amount, phase, rate, time left."""
    parts = []
    scale, unit = (1e-6, "MB") if progress.unit == "bytes" else (1.0, progress.unit)
    if progress.total > 0:
        parts.append(f"{100 * min(1.0, progress.done / progress.total):3.0f} %")
    if unit and progress.total > 0:
        parts.append(f"{progress.done * scale:,.0f} of {progress.total * scale:,.0f} {unit}")
    if progress.phase:
        parts.append(progress.phase)
    if progress.rate:
        parts.append(f"{progress.rate * scale:,.1f} {unit or 'units'} a second")
    if progress.eta is not None:
        parts.append(f"{clock(progress.eta)} left")
    if progress.message:
        parts.append(progress.message)
    return "  ".join(parts)


class ProgressLine:
    """Shows one stage: a live line on a terminal; elsewhere a line at its start, now and then, and at its end."""

    def __init__(self, console: Console, label: str) -> None:
        self._console = console
        self._label = label
        self._next = 0.0
        self._width = 0
        self._begun = time.monotonic()
        self._said_at, self._said_share = self._begun, 0.0
        if not console.live:
            console.say(f"{label} …")

    def update(self, stamped: Stamped) -> None:
        """Take one event in."""
        event = stamped.event
        if isinstance(event, Warned):
            self.note(f"Note: {event.message}" + (f" {event.hint}" if event.hint else ""))
        elif isinstance(event, Log) and event.level in ("warning", "error"):
            self.note(event.text)
        elif isinstance(event, Progress) and not self._console.live:
            self._say(event)
        elif isinstance(event, Progress):
            now = time.monotonic()
            if now >= self._next or event.done >= event.total > 0:
                self._next = now + REDRAW_SECONDS
                self._draw(f"{self._label}  {self._bar(event)}{describe(event)}")

    def _say(self, progress: Progress) -> None:
        """Into a pipe or a file: a line from time to time, none at the very end (it has its own)."""
        now = time.monotonic()
        share = progress.done / progress.total if progress.total > 0 else 0.0
        if share >= 1.0 or (now < self._said_at + SAY_SECONDS and share < self._said_share + SAY_SHARE):
            return
        self._said_at, self._said_share = now, max(share, self._said_share)
        self._console.say(f"{self._label}: {describe(progress)}")

    def note(self, text: str) -> None:
        """A line that stays."""
        self._clear()
        self._console.say(text)

    def end(self, text: str = "done") -> None:
        """The stage is over."""
        self._clear()
        self._console.say(f"{self._label}: {text} ({clock(time.monotonic() - self._begun)})")

    def drop(self) -> None:
        """The stage ended badly: what happened is said elsewhere."""
        self._clear()

    @staticmethod
    def _bar(progress: Progress) -> str:
        if progress.total <= 0:
            return ""
        filled = round(BAR_WIDTH * min(1.0, progress.done / progress.total))
        return "[" + "#" * filled + "." * (BAR_WIDTH - filled) + "] "

    def _draw(self, text: str) -> None:
        self._console.err.write("\r" + text.ljust(self._width))
        self._console.err.flush()
        self._width = len(text)

    def _clear(self) -> None:
        if self._width:
            self._console.err.write("\r" + " " * self._width + "\r")
            self._console.err.flush()
            self._width = 0


def wait(console: Console, view: JobView) -> dict[str, Any]:
    """Wait for a job with its progress shown; its result. Raises :class:`JobError` for every other end.

    The first Ctrl+C asks the job to end (a training saves first), the second one leaves; the job is told about in words.
    """
    from rave_gui.jobs.watch import Watch

    watch = Watch(console.services.jobs, view.id, view.project)
    line: ProgressLine | None = None
    asked = False
    behind = Behind(console)
    while True:
        try:
            line = line or ProgressLine(console, view.title)
            watch.wait(line.update, behind.tick(watch, line))
            again = None if asked else console.services.jobs.successor(watch.view.id, view.project)
            if again is None:
                break
            line.note(goes_on(watch.view))
            watch = Watch(console.services.jobs, again.id, view.project)
        except KeyboardInterrupt:
            if line is not None:
                line.drop()
            if asked:
                raise left(view) from None
            asked = True
            ask_to_end(console, watch)
    try:
        result = watch.result()
    except JobError:
        line.drop()
        raise
    line.end("stopped early, everything is saved" if result.get("stopped") else "done")
    return result


class Behind:
    """Says, once, what a job that waits in the queue waits for: somebody in front of a terminal would wonder."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said = ""
        self._next = time.monotonic() + QUEUE_SECONDS

    def tick(self, watch: Watch, line: ProgressLine) -> Callable[[], bool]:
        """For :meth:`Watch.wait`: looks now and then, and never ends the wait."""

        def look() -> bool:
            now = time.monotonic()
            if watch.view.state == "queued" and now >= self._next:
                self._next = now + QUEUE_SECONDS
                text = self.words(watch.view)
                if text and text != self._said:
                    self._said = text
                    line.note(text)
            return False

        return look

    def words(self, view: JobView) -> str:
        """What it waits for; empty when its turn is about to come."""
        if view.not_before is not None and view.not_before > time.time():
            moment = time.strftime("%Y-%m-%d %H:%M", time.localtime(view.not_before))
            return tr("Waiting until {time}.", time=moment)
        first = next(iter(self._console.services.jobs.waits_behind(view.id)), None)
        if first is None:
            return ""
        if first.state == "paused":
            return tr(
                "Waiting behind “{title}” (paused). Let it go on with: {command}",
                title=first.title,
                command=f"rave-gui jobs resume {first.id}",
            )
        return tr("Waiting behind “{title}” (job {id}).", title=first.title, id=first.id)


def goes_on(view: JobView) -> str:
    """What is said when a training that broke off is taken up again by itself."""
    reason = view.reason or str((view.error or {}).get("message", ""))
    return tr(
        "The training broke off: {reason} It goes on by itself from its last checkpoint.", reason=reason
    )


def ask_to_end(console: Console, watch: Watch) -> None:
    """Ask a job that runs in the foreground to end, and say what that means."""
    jobs, view = console.services.jobs, watch.view
    training = view.kind == "train" and view.state != "queued"
    try:
        if training:
            jobs.stop(view.id, view.project)
        else:
            jobs.cancel(view.id, view.project)
    except UserError as error:
        console.say(error.message)  # it ended in this moment
        return
    what = "The training saves a checkpoint and ends" if training else f"“{view.title}” is being cancelled"
    console.say(
        f"{what}. Press Ctrl+C again to leave at once; it ends by itself. "
        "(Use --detach to start without waiting; then closing the terminal changes nothing.)"
    )


def left(view: JobView) -> JobError:
    """The end of a foreground command whose user did not wait for the job's end."""
    return JobError(
        "left",
        f"You left before the job {view.id} ended; it was asked to end and does so by itself.",
        f"See how it went with: rave-gui jobs show {view.id}",
        job=view.id,
    )
