"""Running one child process to its end: its lines as they come, cancel, and no grandchild left behind."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Literal

import psutil


class Cancelled(Exception):  # noqa: N818 - an outcome, not an error
    """The user asked for it; what was half-made has been cleared away."""


@dataclass(frozen=True)
class Line:
    """One line of a child's output, without its end."""

    text: str
    stream: Literal["out", "err"]


def run_process(
    argv: Sequence[str],
    environment: dict[str, str],
    *,
    on_line: Callable[[Line], None] | None = None,
    on_tick: Callable[[], None] | None = None,
    cancel: Callable[[], bool] | None = None,
    timeout: float | None = None,
    tick: float = 0.25,
) -> int:
    """Run ``argv`` and return its exit code; both streams arrive line by line in this thread.

    ``on_tick`` is called about every ``tick`` seconds. Raises :class:`Cancelled` within a tick of ``cancel()`` turning true
    (the whole process tree is ended first), :class:`TimeoutError` after ``timeout`` seconds, :class:`OSError` when
    it cannot be started.
    """
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW
    process = subprocess.Popen(
        list(argv),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        creationflags=flags,
    )
    lines: queue.SimpleQueue[Line | None] = queue.SimpleQueue()
    streams: list[tuple[IO[str] | None, Literal["out", "err"]]] = [
        (process.stdout, "out"),
        (process.stderr, "err"),
    ]
    readers = [
        threading.Thread(target=_pump, args=(stream, name, lines), daemon=True) for stream, name in streams
    ]
    for reader in readers:
        reader.start()
    deadline = None if timeout is None else time.monotonic() + timeout
    open_streams = len(readers)
    next_tick = time.monotonic() + tick
    try:
        while open_streams:
            try:
                line = lines.get(timeout=max(0.01, next_tick - time.monotonic()))
            except queue.Empty:
                pass
            else:
                if line is None:
                    open_streams -= 1
                elif on_line is not None:
                    on_line(line)
            now = time.monotonic()
            if now < next_tick:
                continue
            next_tick = now + tick
            if cancel is not None and cancel():
                raise Cancelled
            if deadline is not None and now > deadline:
                raise TimeoutError(f"{argv[0]} took longer than {timeout:.0f} seconds")
            if on_tick is not None:
                on_tick()
        return process.wait()
    finally:
        if process.poll() is None:
            end_tree(process.pid)
            process.wait()


def _pump(stream: IO[str] | None, name: Literal["out", "err"], lines: queue.SimpleQueue[Line | None]) -> None:
    if stream is not None:
        with stream:
            for text in stream:
                lines.put(Line(text.rstrip("\r\n"), name))
    lines.put(None)


def end_tree(pid: int, grace: float = 2.0) -> None:
    """End a process and everything it started: asked first, killed after ``grace`` seconds."""
    try:
        root = psutil.Process(pid)
        family = [*root.children(recursive=True), root]
    except psutil.NoSuchProcess:
        return
    for member in family:
        try:
            member.terminate()
        except psutil.NoSuchProcess:
            continue
    _, alive = psutil.wait_procs(family, timeout=grace)
    for member in alive:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(alive, timeout=grace)
