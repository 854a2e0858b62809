"""The worker's loop: one thread, one selector; lines in, children forked, lines out."""

from __future__ import annotations

import os
import secrets
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rave_engine.warm.children import Child, ThreadedChild
from rave_engine.warm.methods import FAKE_METHODS, METHODS
from rave_protocol import PROTOCOL_VERSION, jobfolder
from rave_protocol.codec import ProtocolError, decode, dumps, loads
from rave_protocol.digest import source_digest
from rave_protocol.files import read_json, write_json
from rave_protocol.locks import OsLock
from rave_protocol.worker import Endpoint, ErrorInfo, Reply, Request

MAX_LINE = 1 << 20
"""A request longer than this is nobody's of ours: the connection is closed."""
TICK = 1.0
"""Seconds between looks at the endpoint file and at the clock."""


CHORE_PAUSE = 0.25
"""Seconds of quiet before a chore is begun."""


class Client:
    """One connection: what came in without its line end yet, and what is still to be sent."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.received = b""
        self.unsent = b""
        self.requests: dict[str, Child] = {}


class Server:
    """Listens on 127.0.0.1 with a token; every request is answered by a child of its own."""

    def __init__(
        self, endpoint: Path, lock: OsLock, *, idle: float, chores: Sequence[Callable[[], None]] = ()
    ) -> None:
        """``chores`` are done one at a time while nobody asks for anything; each keeps the worker from answering meanwhile."""
        self._path = endpoint
        self._lock = lock
        self._idle = idle
        self._chores = list(chores)
        self._selector = selectors.DefaultSelector()
        self._clients: set[Client] = set()
        self._jobs: dict[int, Path] = {}
        self._token = secrets.token_hex(24)
        self._leaving = False
        self._threads: int | None = None
        self._last_used = time.monotonic()
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # A closed pair of ends: a signal, or the thread on Windows, writes a byte to wake the selector.
        self._awake, self._wake = socket.socketpair()
        for end in (self._awake, self._wake):
            end.setblocking(False)

    # --- life

    def run(self) -> None:
        """Announce, answer, leave. Returns when the worker should end."""
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(16)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._awake, selectors.EVENT_READ, self._drain_wake)
        if sys.platform != "win32":
            signal.signal(signal.SIGCHLD, _nothing)
            signal.signal(signal.SIGTERM, self._terminated)
            signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        self._threads = _thread_count()
        self._announce()
        try:
            while self._stay():
                ready = self._selector.select(CHORE_PAUSE if self._chores else TICK)
                for key, mask in ready:
                    handler: Callable[[int], None] = key.data
                    handler(mask)
                self._collect()
                if self._chores and not ready and not self._clients:
                    self._chores.pop(0)()
                if self._leaving:
                    self._withdraw()
        finally:
            self._withdraw()
            if sys.platform != "win32":
                signal.set_wakeup_fd(-1)

    def _announce(self) -> None:
        me = Endpoint(
            port=self._listener.getsockname()[1],
            token=self._token,
            pid=os.getpid(),
            engine=sys.executable,
            source=source_digest(Path(__file__).resolve().parent.parent.parent),
        )
        # The token must never be readable by others, not even for a moment.
        before = os.umask(0o077)
        try:
            write_json(self._path, me)
        finally:
            os.umask(before)

    def _announced(self) -> bool:
        try:
            return read_json(self._path).get("token") == self._token
        except (OSError, ProtocolError):
            return False

    def _stay(self) -> bool:
        busy = bool(self._jobs) or any(client.requests for client in self._clients)
        if busy:
            self._last_used = time.monotonic()
            return True
        if self._leaving or not self._announced():
            return False
        return time.monotonic() - self._last_used < self._idle

    def _withdraw(self) -> None:
        """Stop listening and take the announcement back, so that another worker may start; jobs go on and are waited for."""
        if self._listener.fileno() >= 0:
            self._selector.unregister(self._listener)
            self._listener.close()
        if self._lock.held:
            if self._announced():
                self._path.unlink(missing_ok=True)
            self._lock.release()

    # --- connections

    def _accept(self, _: int) -> None:
        try:
            connection, _address = self._listener.accept()
        except (BlockingIOError, ConnectionError):
            return
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = Client(connection)
        self._clients.add(client)
        self._selector.register(
            connection, selectors.EVENT_READ, lambda mask, client=client: self._serve(client, mask)
        )

    def _drain_wake(self, _: int) -> None:
        try:
            while self._awake.recv(4096):
                pass
        except BlockingIOError:
            return

    def _serve(self, client: Client, mask: int) -> None:
        if mask & selectors.EVENT_WRITE:
            self._flush(client)
        if not mask & selectors.EVENT_READ or client not in self._clients:
            return
        try:
            block = client.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            block = b""
        client.received += block
        if not block or len(client.received) > MAX_LINE:
            self._drop(client)
            return
        while b"\n" in client.received and client in self._clients:
            line, client.received = client.received.split(b"\n", 1)
            self._last_used = time.monotonic()
            self._handle(client, line)

    def _drop(self, client: Client) -> None:
        """Forget a client; nobody waits for its answers any more, so their children end."""
        self._clients.discard(client)
        for child in client.requests.values():
            child.kill()
            self._selector.unregister(child.reader)
            child.close()
        self._selector.unregister(client.socket)
        client.socket.close()

    def _send(self, client: Client, reply: Reply) -> None:
        if client not in self._clients:
            return
        client.unsent += dumps(reply).encode() + b"\n"
        self._flush(client)

    def _flush(self, client: Client) -> None:
        try:
            while client.unsent:
                sent = client.socket.send(client.unsent)
                client.unsent = client.unsent[sent:]
        except BlockingIOError:
            pass
        except OSError:
            self._drop(client)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.unsent else 0)
        key = self._selector.get_key(client.socket)
        if key.events != wanted:
            self._selector.modify(client.socket, wanted, key.data)

    # --- requests

    def _handle(self, client: Client, line: bytes) -> None:
        try:
            data = loads(line.decode())
        except (ProtocolError, UnicodeDecodeError):
            self._drop(client)
            return
        if not secrets.compare_digest(str(data.get("token")).encode(), self._token.encode()):
            # Whoever does not know the token learns nothing, not even that it was wrong.
            self._drop(client)
            return
        identity = data["id"] if isinstance(data.get("id"), str) else ""
        try:
            request = decode(Request, data)
        except ProtocolError as error:
            self._refuse(client, identity, "protocol", f"The request cannot be read: {error}.")
            return
        if request.method == "shutdown":
            # Answered whatever the version: this is how a newer application makes room for its own worker.
            self._shut_down(client, request)
            return
        if request.protocol != PROTOCOL_VERSION:
            self._refuse(
                client,
                identity,
                "protocol",
                f"The request speaks version {request.protocol} of the protocol, the worker version {PROTOCOL_VERSION}.",
            )
            return
        self._dispatch(client, request)

    def _dispatch(self, client: Client, request: Request) -> None:
        if request.method == "ping":
            self._send(client, Reply(request.id, self._facts()))
        elif request.method == "cancel":
            child = client.requests.get(str(request.params.get("id")))
            if child is not None:
                child.cancelled = True
                child.kill()
            self._send(client, Reply(request.id, {"found": child is not None}))
        elif request.method == "run_job":
            self._run_job(client, request)
        elif request.method not in METHODS:
            self._refuse(
                client, request.id, "unknown-method", f"The worker knows no method {request.method!r}."
            )
        elif request.id in client.requests:
            self._refuse(
                client, request.id, "duplicate-id", f"A request with the id {request.id} is under way."
            )
        else:
            self._start(client, request)

    def _start(self, client: Client, request: Request) -> None:
        if request.method in FAKE_METHODS:
            # Better once here than in every child that is to come.
            while self._chores:
                self._chores.pop(0)()
        child: Child
        if sys.platform == "win32":
            child = ThreadedChild(request)
        else:
            from rave_engine.warm.children import ForkedChild

            child = ForkedChild(request, self._close_inherited)
        client.requests[request.id] = child
        self._selector.register(
            child.reader,
            selectors.EVENT_READ,
            lambda _mask, client=client, child=child: self._read(client, child),
        )

    def _read(self, client: Client, child: Child) -> None:
        if not child.receive():
            return
        self._selector.unregister(child.reader)
        client.requests.pop(child.request.id, None)
        self._last_used = time.monotonic()
        self._send(client, child.reply())
        child.close()

    def _run_job(self, client: Client, request: Request) -> None:
        folder = request.params.get("folder")
        if not isinstance(folder, str) or not Path(folder).is_absolute() or not Path(folder).is_dir():
            self._refuse(client, request.id, "not-found", f"There is no job folder {folder!r}.")
            return
        if sys.platform == "win32":
            self._refuse(
                client,
                request.id,
                "unsupported",
                "This system cannot fork a job from the warm worker.",
                "Start the job the ordinary way.",
            )
        else:
            from rave_engine.warm.children import fork_job

            pid = fork_job(Path(folder), self._close_inherited)
            self._jobs[pid] = Path(folder)
            self._send(client, Reply(request.id, {"pid": pid}))

    def _shut_down(self, client: Client, request: Request) -> None:
        self._leaving = True
        self._withdraw()
        for other in list(self._clients):
            for child in other.requests.values():
                child.cancelled = True
                child.kill()
        self._send(client, Reply(request.id, {"jobs": sorted(self._jobs)}))

    def _refuse(self, client: Client, identity: str, code: str, message: str, hint: str = "") -> None:
        self._send(client, Reply(identity, error=ErrorInfo(code, message, hint)))

    def _facts(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "python": sys.version.split()[0],
            "jobs": sorted(self._jobs),
            "requests": sum(len(client.requests) for client in self._clients),
            "threads": _thread_count(),
            "threads_at_start": self._threads,
            "fork": sys.platform != "win32",
        }

    # --- children

    def _collect(self) -> None:
        """Take note of jobs that have ended, so that none stays a zombie."""
        if sys.platform == "win32":
            return
        for pid in list(self._jobs):
            status = 0
            try:
                done, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                done = pid
            if done:
                folder = self._jobs.pop(pid)
                self._last_used = time.monotonic()
                if os.WIFSIGNALED(status):
                    _note_signal(folder, os.WTERMSIG(status))

    def _terminated(self, *_: object) -> None:
        """SIGTERM: no new work; jobs go on and are waited for."""
        self._leaving = True

    def _close_inherited(self) -> None:
        """In a child: let go of all that belongs to the parent. The lock above all, or the child would hold it too."""
        if sys.platform != "win32":
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._lock.release()
        self._selector.close()
        self._listener.close()
        self._awake.close()
        self._wake.close()
        for client in self._clients:
            client.socket.close()
            for child in client.requests.values():
                child.close_reader()


def _note_signal(folder: Path, number: int) -> None:
    """Tell the job's log how its process ended: the job's runner is not its parent, so nobody else can know."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = str(number)
    try:
        with (folder / jobfolder.LOG).open("a", encoding="utf-8") as log:
            log.write(f"The process doing the work was ended by the signal {name}.\n")
    except OSError as error:
        print(f"warm worker: {folder}: {error}", file=sys.stderr, flush=True)


def _nothing(*_: object) -> None:
    """A handler that is there so that the signal interrupts the selector through the wake-up end."""


def _thread_count() -> int | None:
    """Operating-system threads of this process where that can be read (Linux), otherwise None. A forking process wants few."""
    try:
        return sum(1 for _ in Path("/proc/self/task").iterdir())
    except OSError:
        return None
