"""TensorBoard beside the application: on this computer only, one for each log folder, ended with whoever started it.

The engine's interpreter runs it. What runs is written down in ``<data>/tensorboard/<key>/board.json``; a process is known by its
number and the moment it began, so a number that the system gave to somebody else is never touched.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.paths import AppPaths
from rave_gui.runtime.spawn import spawn
from rave_protocol.codec import ProtocolError, decode
from rave_protocol.files import read_json, write_json
from rave_protocol.locks import OsLock

if TYPE_CHECKING:
    import subprocess

    from rave_gui.bootstrap import Services

HOST = "127.0.0.1"
RECORD, LOG = "board.json", "log.txt"
START_SECONDS = 90.0
"""Until it has to answer: its imports take long on a cold disk."""
END_SECONDS = 5.0
_URL = re.compile(r"https?://[^\s/]+:(\d+)/?")


@dataclass(frozen=True)
class Board:
    """One TensorBoard that runs. Times in seconds since the epoch."""

    folders: list[str]
    """What it shows, absolute."""
    url: str
    port: int
    pid: int
    begun: float
    """When its process began, as the system says."""
    owner: int | None = None
    """Process it ends with; None: it goes on until it is stopped."""
    owner_begun: float = 0.0

    @property
    def owned(self) -> bool:
        """Whether it ends with this process."""
        return self.owner == os.getpid()

    def to_json(self) -> dict[str, Any]:
        """The object that commands print."""
        return {
            "folders": self.folders,
            "url": self.url,
            "port": self.port,
            "pid": self.pid,
            "started": self.begun,
            "owner": self.owner,
        }


def start(
    services: Services, folders: Path | Sequence[Path], *, port: int | None = None, keep: bool = False
) -> Board:
    """Start TensorBoard on a folder (a run, or a folder of runs) or several, and wait until it answers (seconds: call it in a thread).

    The one that shows the same already is returned as it is. ``port`` None takes a free one; with ``keep`` it goes on when
    this process ends. Raises :class:`UserError`: engine-missing, no-folder, bad-folder, port-taken, tensorboard-failed.
    """
    places = [folders] if isinstance(folders, Path) else list(folders)
    shown = [os.path.abspath(place.expanduser()) for place in places]  # noqa: PTH100 - links stay links
    for place in shown:
        if not Path(place).is_dir():
            raise UserError(
                tr("{folder} is not a folder.", folder=place),
                tr("Name a run, or a folder of runs."),
                code="no-folder",
            )
    if len(shown) > 1 and any("," in place for place in shown):
        raise UserError(
            tr("TensorBoard cannot show several folders when a path has a comma in it."),
            tr("Rename the folder, or open one run at a time."),
            code="bad-folder",
        )
    python = services.engine.python()
    own = _home(services.paths) / _key(shown)
    own.mkdir(parents=True, exist_ok=True)
    with _alone(own):
        known = _read(own)
        if known is not None and _runs(known):
            return known
        begun = _launch(services, python, own, shown, port)
        pid = begun.pid
        try:
            chosen = _await(begun, own / LOG, port)
            me = psutil.Process()
            board = Board(
                shown,
                f"http://{HOST}:{chosen}/",
                chosen,
                pid,
                psutil.Process(pid).create_time(),
                None if keep else me.pid,
                0.0 if keep else me.create_time(),
            )
            write_json(own / RECORD, vars(board))
        except BaseException:
            _end(pid)
            raise
        return board


def list_boards(services: Services) -> list[Board]:
    """What runs, oldest first. Records of boards that are gone are removed; boards whose owner died without ending them are ended."""
    found = []
    home = _home(services.paths)
    for own in sorted(home.iterdir()) if home.is_dir() else ():
        board = _read(own)
        if board is None:
            continue
        if not _runs(board):
            _clear(own)
        elif board.owner is not None and not _is(board.owner, board.owner_begun):
            _end(board.pid)
            _clear(own)
        else:
            found.append(board)
    return sorted(found, key=lambda board: board.begun)


def stop(services: Services, folder: Path | None = None) -> list[Board]:
    """End those that show ``folder`` (None: all); the ones that were ended."""
    wanted = None if folder is None else os.path.abspath(folder.expanduser())  # noqa: PTH100
    ended = [board for board in list_boards(services) if wanted is None or wanted in board.folders]
    for board in ended:
        _end(board.pid)
        _clear(_home(services.paths) / _key(board.folders))
    return ended


def stop_own(services: Services) -> None:
    """End those that this process started and does not want kept: for the end of the window."""
    for board in list_boards(services):
        if board.owned:
            _end(board.pid)
            _clear(_home(services.paths) / _key(board.folders))


def _home(paths: AppPaths) -> Path:
    return paths.data / "tensorboard"


def _key(folders: Sequence[str]) -> str:
    text = "\n".join(sorted(os.path.normcase(os.path.realpath(folder)) for folder in folders))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


@contextlib.contextmanager
def _alone(own: Path) -> Any:
    """Two callers never start the same one twice."""
    lock = OsLock(own / "lock")
    if not lock.acquire(timeout=START_SECONDS):
        raise UserError(
            tr("Another window is starting TensorBoard on this folder."),
            tr("Wait a moment and try again."),
            code="tensorboard-failed",
        )
    try:
        yield
    finally:
        lock.release()


def _launch(
    services: Services, python: Path, own: Path, shown: Sequence[str], port: int | None
) -> subprocess.Popen[bytes]:
    if len(shown) == 1:
        what = [f"--logdir={shown[0]}"]
    else:
        names = _names(shown)
        what = [
            "--logdir_spec=" + ",".join(f"{name}:{place}" for name, place in zip(names, shown, strict=True))
        ]
    command = [
        str(python),
        "-m",
        "tensorboard.main",
        *what,
        f"--host={HOST}",
        f"--port={port or 0}",
        # A resumed run has several event files in one folder, and old ones may still grow.
        "--reload_multifile=true",
        "--reload_interval=5",
    ]
    environment = {**services.engine.environment(), "PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    with (own / LOG).open("wb") as log:
        try:
            return spawn(command, env=environment, cwd=own, output=log)
        except OSError as error:
            raise UserError(
                tr("TensorBoard could not be started: {error}.", error=error),
                tr("Run the doctor; installing the engine again may help."),
                code="tensorboard-failed",
            ) from error


def _names(shown: Sequence[str]) -> list[str]:
    """Short names of several folders, each once."""
    found: list[str] = []
    for place in shown:
        base = re.sub(r"[,:]", "-", Path(place).name) or "runs"
        name, number = base, 2
        while name in found:
            name, number = f"{base} {number}", number + 1
        found.append(name)
    return found


def _await(process: subprocess.Popen[bytes], log: Path, port: int | None) -> int:
    """Wait until it says where it is and answers there; its port. Raises :class:`UserError`: port-taken, tensorboard-failed."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        gone = process.poll() is not None
        text = log.read_text(encoding="utf-8", errors="replace")
        told = _URL.search(text)
        if told and not gone and _answers(int(told.group(1))):
            return int(told.group(1))
        if gone:
            if port and ("already in use" in text or "could not bind" in text):
                raise UserError(
                    tr("The port {port} is taken by another program.", port=port),
                    tr("Give another port, or none: then a free one is taken."),
                    text[-2000:],
                    code="port-taken",
                )
            raise UserError(
                tr("TensorBoard ended before it answered."),
                tr("Its messages are below. Installing the engine again may help."),
                text[-2000:],
                code="tensorboard-failed",
            )
        time.sleep(0.1)
    raise UserError(
        tr("TensorBoard did not answer in time."),
        tr("The computer may be busy: try again."),
        log.read_text(encoding="utf-8", errors="replace")[-2000:],
        code="tensorboard-failed",
    )


def _answers(port: int) -> bool:
    try:
        # No proxy: this computer is asked, whatever the environment says.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://{HOST}:{port}/data/environment", timeout=5) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _read(own: Path) -> Board | None:
    try:
        return decode(Board, read_json(own / RECORD))
    except (OSError, ProtocolError):
        return None


def _clear(own: Path) -> None:
    """Remove a record; while somebody starts one anew there, it stays."""
    lock = OsLock(own / "lock")
    try:
        if not lock.acquire():
            return
    except OSError:
        return
    board = _read(own)
    gone = board is None or not _runs(board)
    if gone:
        (own / RECORD).unlink(missing_ok=True)
    lock.release()
    if gone:
        shutil.rmtree(own, ignore_errors=True)


def _runs(board: Board) -> bool:
    return _is(board.pid, board.begun)


def _is(pid: int, begun: float) -> bool:
    """Whether the process of that number is the one that began then."""
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - begun) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _end(pid: int) -> None:
    """End a process and those it started: politely, then by force."""
    try:
        process = psutil.Process(pid)
        tree = [process, *process.children(recursive=True)]
    except psutil.Error:
        return
    for member in tree:
        with contextlib.suppress(psutil.Error):
            member.terminate()
    _, left = psutil.wait_procs(tree, timeout=END_SECONDS)
    for member in left:
        with contextlib.suppress(psutil.Error):
            member.kill()
    psutil.wait_procs(left, timeout=END_SECONDS)
