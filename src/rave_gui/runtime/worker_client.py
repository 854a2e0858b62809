"""The application's side of the warm worker: find it, start it, ask it.

A worker is used only when it is of the same engine environment, the same source and the same protocol; any other is asked to
leave and replaced. Nothing here is needed for correctness: whoever cannot get a warm worker starts cold.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
import time
import uuid
from pathlib import Path
from typing import Any, Protocol

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.paths import AppPaths, package_root
from rave_gui.runtime.spawn import spawn
from rave_protocol import PROTOCOL_VERSION
from rave_protocol.codec import ProtocolError, decode, dumps, loads
from rave_protocol.digest import source_digest
from rave_protocol.files import read_json
from rave_protocol.locks import is_held
from rave_protocol.worker import Endpoint, Reply, Request

START_TIMEOUT = 60.0
"""Seconds until a worker that was started must answer; importing RAVE from a cold disk takes a while."""
CONNECT_TIMEOUT = 2.0
ANSWER_TIMEOUT = 15.0
"""For what the worker answers itself. It may be importing something at that moment; one that has died is noticed at once."""
LOG_LIMIT = 1 << 20
"""The worker's log is begun anew when it has grown past so many bytes."""


class Engine(Protocol):
    """What the client needs of the engine manager."""

    def python(self) -> Path:
        """The engine's interpreter. Raises :class:`UserError` when there is none."""

    def boot_command(self, *args: str) -> list[str]:
        """The command that runs our engine with ``args``."""

    def environment(self) -> dict[str, str]:
        """Environment variables for the engine's processes."""


class NoWorker(Exception):  # noqa: N818 - an answer rather than an error: there is no worker to use
    """No usable worker answers."""


class WarmWorker:
    """The user's warm worker. Safe to use from several threads; every request has a connection of its own."""

    def __init__(self, engine: Engine, paths: AppPaths) -> None:
        self._engine = engine
        self._endpoint = paths.warm_worker
        self._starting = threading.Lock()
        self._digest: str | None = None

    # --- finding and starting

    def is_running(self) -> bool:
        """Whether a worker that may be used answers now (never starts one)."""
        try:
            self._call(self._usable(), "ping", {}, ANSWER_TIMEOUT)
        except (NoWorker, UserError):
            return False
        return True

    def start(self, timeout: float = START_TIMEOUT) -> None:
        """Make sure that a usable worker answers; starts one, detached, when needed, and replaces one that may not be used.

        Raises :class:`UserError` (``engine-missing`` from the engine manager, ``worker-failed``) when none can be had.
        """
        with self._starting:
            if self.is_running():
                return
            deadline = time.monotonic() + timeout
            self._dismiss(deadline)
            process = self._spawn()
            while time.monotonic() < deadline:
                if self.is_running():
                    return
                if process.poll() is not None and not is_held(self._lock_path):
                    break
                time.sleep(0.05)
            raise UserError(
                tr("The warm worker did not start, so quick answers from the engine are not available."),
                tr("Check the engine with `rave-gui doctor`. Jobs run without the worker."),
                self._log_tail(),
                code="worker-failed",
            )

    def stop(self, timeout: float = 10.0) -> None:
        """Ask the worker to leave and wait until it has withdrawn. Jobs it has started go on; no worker is no error."""
        deadline = time.monotonic() + timeout
        self._dismiss(deadline)

    @property
    def _lock_path(self) -> Path:
        return self._endpoint.with_name(f"{self._endpoint.name}.lock")

    @property
    def _log_path(self) -> Path:
        return self._endpoint.with_name(f"{self._endpoint.stem}.log")

    def _read(self) -> Endpoint:
        try:
            return decode(Endpoint, read_json(self._endpoint))
        except (OSError, ProtocolError) as error:
            raise NoWorker(str(error)) from None

    def _usable(self) -> Endpoint:
        found = self._read()
        if self._digest is None:
            self._digest = source_digest(package_root())
        if found.protocol != PROTOCOL_VERSION or found.source != self._digest:
            raise NoWorker("the worker is of another version")
        if os.path.normcase(found.engine) != os.path.normcase(self._engine.python().absolute()):
            raise NoWorker("the worker is of another engine environment")
        if not is_held(self._lock_path):
            raise NoWorker("the worker is gone")
        return found

    def _dismiss(self, deadline: float) -> None:
        """Ask whoever is announced to leave, and wait until the lock is free.

        A worker that is just starting holds the lock without an announcement; it is waited for like one that leaves.
        """
        asked = ""
        while is_held(self._lock_path) and time.monotonic() < deadline:
            with contextlib.suppress(NoWorker, UserError):
                found = self._read()
                if found.token != asked:
                    self._call(found, "shutdown", {}, ANSWER_TIMEOUT)
                    asked = found.token
            time.sleep(0.02)

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = self._engine.boot_command("worker", str(self._endpoint))
        environment = self._engine.environment()
        self._endpoint.parent.mkdir(parents=True, exist_ok=True)
        if self._log_path.exists() and self._log_path.stat().st_size > LOG_LIMIT:
            self._log_path.write_bytes(b"")
        with self._log_path.open("ab") as log:
            return spawn(command, env=environment, cwd=self._endpoint.parent, output=log)

    def _log_tail(self) -> str:
        try:
            return self._log_path.read_text(encoding="utf-8", errors="replace")[-4000:]
        except OSError:
            return ""

    # --- asking

    def request(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        timeout: float = 60.0,
        cancel: threading.Event | None = None,
    ) -> dict[str, Any]:
        """Ask a running or newly started worker and wait for the answer.

        ``cancel``, once set, ends the request within 0.1 s (code ``cancelled``), and so does ``timeout`` in seconds (code
        ``timeout``): the child that works on it is killed. Raises :class:`UserError` with the engine's own code, message and
        hint. A worker that vanishes between being found and being asked is replaced once.
        """
        for attempt in (0, 1):
            self.start()
            try:
                return self._call(self._usable(), method, params or {}, timeout, cancel)
            except NoWorker as error:
                if attempt:
                    raise UserError(
                        tr("The warm worker ended in the middle of the request."),
                        tr("Try again."),
                        str(error),
                        code="worker-failed",
                    ) from None
        raise AssertionError("unreachable")

    def run_job(self, folder: Path) -> int | None:
        """Have a worker that is already up fork the working process of a job folder; its pid, or None to start cold.

        Never starts a worker and never raises for one that is missing, of another version or unable to fork.
        """
        try:
            reply = self._call(self._usable(), "run_job", {"folder": str(folder)}, ANSWER_TIMEOUT)
        except (NoWorker, UserError):
            return None
        pid = reply.get("pid")
        return pid if isinstance(pid, int) else None

    def _call(
        self,
        endpoint: Endpoint,
        method: str,
        params: dict[str, Any],
        timeout: float,
        cancel: threading.Event | None = None,
    ) -> dict[str, Any]:
        deadline = time.monotonic() + timeout
        request = Request(uuid.uuid4().hex[:12], method, endpoint.token, params)
        try:
            with socket.create_connection(("127.0.0.1", endpoint.port), CONNECT_TIMEOUT) as connection:
                connection.sendall(dumps(request).encode() + b"\n")
                line = _read_line(connection, deadline, cancel)
        except OSError as error:
            raise NoWorker(str(error)) from None
        try:
            reply = decode(Reply, loads(line.decode()))
        except (ProtocolError, UnicodeDecodeError) as error:
            raise NoWorker(f"not an answer: {error}") from None
        if reply.error is not None:
            raise UserError(reply.error.message, reply.error.hint, reply.error.details, code=reply.error.code)
        return reply.result or {}


def _read_line(connection: socket.socket, deadline: float, cancel: threading.Event | None) -> bytes:
    """One line from the worker. Leaving early closes the connection, and the worker then kills the request's child."""
    connection.settimeout(0.1)
    received = b""
    while not received.endswith(b"\n"):
        if cancel is not None and cancel.is_set():
            raise UserError(tr("The request was cancelled."), code="cancelled")
        if time.monotonic() > deadline:
            raise UserError(
                tr("The engine did not answer in time."),
                tr("The machine may be busy: try again, or with a smaller configuration."),
                code="timeout",
            )
        try:
            block = connection.recv(65536)
        except TimeoutError:
            continue
        if not block:
            raise ConnectionResetError("the worker closed the connection")
        received += block
    return received
