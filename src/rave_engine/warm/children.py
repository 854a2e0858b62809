"""One child for each request and one for each job, and what its parent keeps of it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

from rave_engine.errors import Cancelled, EngineError
from rave_engine.warm.methods import METHODS
from rave_protocol import jobfolder
from rave_protocol.codec import ProtocolError, decode, dumps, loads
from rave_protocol.worker import ErrorInfo, Reply, Request


def perform(request: Request) -> Reply:
    """Run the request's method in this process and thread; whatever it raises becomes the reply's error."""
    try:
        return Reply(request.id, METHODS[request.method](request.params))
    except EngineError as error:
        return Reply(request.id, error=ErrorInfo(error.code, error.message, error.hint, error.details))
    except Cancelled:
        return Reply(request.id, error=cancelled())
    except ProtocolError as error:
        return Reply(request.id, error=ErrorInfo("protocol", f"The request cannot be read: {error}."))
    except Exception as error:  # noqa: BLE001 - the last frame of the request: a bug must reach the one who asked
        traceback.print_exc()
        return Reply(
            request.id,
            error=ErrorInfo(
                "bug",
                f"{type(error).__name__}: {error}",
                "This is a fault of the program: please report it with these details.",
                traceback.format_exc(),
            ),
        )


def cancelled() -> ErrorInfo:
    """The answer to a request that its owner ended."""
    return ErrorInfo("cancelled", "The request was cancelled.")


class Child:
    """A request under way. ``reader`` becomes readable when there is something of the answer."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.cancelled = False
        self.reader, self._writer = socket.socketpair()
        self.reader.setblocking(False)
        self._received: list[bytes] = []

    def receive(self) -> bool:
        """Take what has arrived; True when the whole answer is there (or none will come)."""
        try:
            block = self.reader.recv(1 << 16)
        except BlockingIOError:
            return False
        except OSError:
            block = b""
        if block:
            self._received.append(block)
            return False
        return True

    def reply(self) -> Reply:
        """The answer; an error that says how the child ended when it gave none."""
        if self.cancelled:
            return Reply(self.request.id, error=cancelled())
        try:
            return decode(Reply, loads(b"".join(self._received).decode()))
        except (ProtocolError, UnicodeDecodeError):
            return Reply(self.request.id, error=self._lost())

    def _lost(self) -> ErrorInfo:
        return ErrorInfo("crashed", "The engine ended in the middle of the request.", "Try again.")

    def kill(self) -> None:
        """End the work as soon as possible."""

    def close_reader(self) -> None:
        """Close this end only (in a sibling that has inherited it)."""
        self.reader.close()

    def close(self) -> None:
        """Give back what the child held; never waits for long."""
        self.reader.close()


class ThreadedChild(Child):
    """Where there is no fork: the request runs in a thread, one at a time (gin's bindings are global), and cannot be stopped.

    A cancelled request is answered at once and its result is dropped. Unverified: written for Windows.
    """

    _one_at_a_time = threading.Lock()

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        with self._one_at_a_time:
            if not self.cancelled:
                reply = perform(self.request)
                # The other end is gone when the client is, or when the request was cancelled.
                with contextlib.suppress(OSError):
                    self._writer.sendall(dumps(reply).encode())
        self._writer.close()

    def kill(self) -> None:
        """Answer now; the thread's own result will be dropped."""
        self.cancelled = True
        with contextlib.suppress(OSError):
            self._writer.shutdown(socket.SHUT_RDWR)


if sys.platform != "win32":

    class ForkedChild(Child):
        """A request in a forked process of its own session: isolated, and cancelled by a kill."""

        def __init__(self, request: Request, close_inherited: Callable[[], None]) -> None:
            super().__init__(request)
            self._status: int | None = None
            self.pid = os.fork()
            if self.pid == 0:
                code = 1
                try:
                    os.setsid()
                    close_inherited()
                    self.reader.close()
                    self._writer.sendall(dumps(perform(request)).encode())
                    code = 0
                finally:
                    # Not sys.exit: nothing of the parent's (buffers, atexit, its loop) may run a second time.
                    sys.stdout.flush()
                    sys.stderr.flush()
                    os._exit(code)
            self._writer.close()

        def kill(self) -> None:
            """Kill the child and whatever it has started."""
            if self._status is None:
                try:
                    os.killpg(self.pid, signal.SIGKILL)
                except ProcessLookupError:
                    # Between fork and setsid there is no such group yet.
                    os.kill(self.pid, signal.SIGKILL)

        def _lost(self) -> ErrorInfo:
            self._reap()
            status = self._status or 0
            if os.WIFSIGNALED(status):
                name = signal.Signals(os.WTERMSIG(status)).name
                if name == "SIGKILL":
                    return ErrorInfo(
                        "killed",
                        "The system ended the engine in the middle of the request, most likely for want of memory.",
                        "Close other programs, or choose a smaller configuration or batch.",
                    )
                return ErrorInfo("crashed", f"The engine crashed in the middle of the request ({name}).")
            return super()._lost()

        def _reap(self) -> None:
            if self._status is None:
                # The answer's end was closed, so the process is over or about to be.
                _, self._status = os.waitpid(self.pid, 0)

        def close(self) -> None:
            """Close the pipe and take the exit status."""
            super().close()
            self._reap()

    def fork_job(folder: Path, close_inherited: Callable[[], None]) -> int:
        """Fork a process that does the job of ``folder`` exactly as ``boot.py job FOLDER`` would; its pid.

        The child has a session of its own, writes to the job's log, and knows nothing of the worker that bore it.
        """
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            os.setsid()
            close_inherited()
            _redirect(folder / jobfolder.LOG)
            from rave_engine.jobs import run_job
            from rave_engine.main import handlers

            code = run_job(folder, handlers())
        except BaseException:  # noqa: BLE001 - the last frame before _exit: the log must show what happened
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _redirect(log: Path) -> None:
        """Standard output and error to the job's log, standard input to nothing."""
        target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(target, 1)
        os.dup2(target, 2)
        os.close(target)
        os.close(nothing)
