"""The doctor: what this computer must have, looked at one by one, with the one thing to do for each fault."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any, Literal

from rave_gui import __version__
from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.paths import AppPaths, is_frozen
from rave_gui.runtime.machine import find_nvidia, free_space
from rave_gui.runtime.manager import EngineManager
from rave_gui.runtime.plan import unfit
from rave_gui.runtime.uv_tool import find_uv
from rave_protocol import PROTOCOL_VERSION

State = Literal["ok", "warn", "fail"]

LOW_SPACE = 5_000_000_000
NO_SPACE = 1_000_000_000
"""Free bytes below which a training may, or very soon will, fill the disk (a v2 checkpoint alone is several hundred MB)."""


@dataclass(frozen=True)
class Check:
    """One finding. ``warn`` means that something cannot be used; ``fail`` that the main work cannot be done."""

    name: str
    state: State
    message: str
    hint: str = ""
    details: str = ""

    def to_json(self) -> dict[str, Any]:
        """The object in ``rave-gui doctor --json``."""
        return asdict(self)


def run_checks(
    paths: AppPaths, *, on_check: Callable[[Check], None] | None = None, deep: bool = True
) -> list[Check]:
    """Look at everything; ``on_check`` gets each finding as it is made. ``deep`` runs the engine once, which takes seconds."""
    found: list[Check] = []
    manager = EngineManager(paths)
    steps: list[Callable[[], Check]] = [
        check_python,
        check_versions,
        check_qt,
        lambda: check_folders(paths),
        lambda: check_disk(paths),
        check_uv,
        lambda: check_engine(manager, deep=deep),
        lambda: check_device(manager),
        check_audio,
    ]
    for step in steps:
        check = step()
        found.append(check)
        if on_check is not None:
            on_check(check)
    return found


def check_python() -> Check:
    """The application's own Python."""
    version = platform.python_version()
    said = tr(
        "The application runs on Python {version} ({platform}).",
        version=version,
        platform=platform.platform(),
    )
    if not (3, 11) <= sys.version_info[:2] < (3, 14):
        return Check(
            "python",
            "fail",
            tr("{said} It is made for 3.11 to 3.13.", said=said),
            tr("Reinstall it with one of those versions."),
        )
    return Check("python", "ok", said)


def check_versions() -> Check:
    """Versions that a bug report needs."""
    names = ("PySide6-Essentials", "numpy", "av", "soundfile", "lmdb", "uv")
    said = ", ".join(f"{name} {_version(name)}" for name in names)
    check = Check(
        "versions",
        "ok",
        tr(
            "RAVE GUI {version}, protocol {protocol}, {versions}.",
            version=__version__,
            protocol=PROTOCOL_VERSION,
            versions=said,
        ),
    )
    if _version("PySide6-Essentials") == "6.12.0" and sys.version_info < (3, 12):
        return Check(
            "versions",
            "fail",
            tr("PySide6 6.12.0 crashes on Python 3.11."),
            tr("Install the version RAVE GUI asks for: pip install 'PySide6-Essentials<6.12'."),
            check.message,
        )
    return check


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "?"


_QT_PROBE = """
import ctypes, sys
from pathlib import Path
import PySide6
from PySide6 import QtCore, QtGui, QtWidgets
if sys.platform == "linux":
    ctypes.CDLL(str(Path(PySide6.__file__).parent / "Qt" / "plugins" / "platforms" / "libqxcb.so"))
print(QtCore.qVersion())
"""


def check_qt() -> Check:
    """Whether Qt and its window plugin can be loaded, tried in a process of its own (a missing library can end it)."""
    if is_frozen():
        return Check("qt", "ok", tr("Qt came with the application."))
    try:
        done = subprocess.run(
            [sys.executable, "-c", _QT_PROBE],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=120,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Check(
            "qt",
            "fail",
            tr("Qt took longer than two minutes to load."),
            tr("Is the disk very slow? Try again."),
        )
    if done.returncode == 0:
        screen = sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        said = tr("Qt {version} can be loaded.", version=done.stdout.strip())
        if screen:
            return Check("qt", "ok", said)
        return Check(
            "qt",
            "warn",
            tr("{said} There is no screen in this session.", said=said),
            tr("The command line does everything without one; for the window start it in a desktop session."),
        )
    lines = (done.stderr.strip() or f"it ended with {done.returncode}").splitlines()
    hint = "Reinstall RAVE GUI."
    if sys.platform == "linux" and "cannot open shared object" in lines[-1]:
        hint = "Install it with your system's package manager; from a checkout, python3 run.py setup does that on Debian and Ubuntu."
    return Check(
        "qt", "fail", tr("Qt cannot be loaded: {reason}.", reason=lines[-1]), hint, done.stderr[-2000:]
    )


def check_folders(paths: AppPaths) -> Check:
    """Whether our own folders can be written to."""
    for folder in (paths.data, paths.config, paths.cache):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            return Check(
                "folders",
                "fail",
                tr("RAVE GUI cannot write to {folder}.", folder=folder),
                tr("Change the folder's permissions, or set RAVE_GUI_HOME to a folder you can write to."),
                str(error),
            )
    return Check(
        "folders", "ok", tr("Data, settings and cache can be written (data: {data}).", data=paths.data)
    )


def check_disk(paths: AppPaths) -> Check:
    """Free space where the application keeps its data."""
    free = free_space(paths.data)
    said = tr("{gigabytes:.1f} GB are free at {folder}.", gigabytes=free / 1e9, folder=paths.data)
    if free < NO_SPACE:
        return Check("disk", "fail", said, tr("Free some space: a training would fill the disk."))
    if free < LOW_SPACE:
        return Check(
            "disk", "warn", said, tr("Free some space soon: checkpoints and the engine need several GB.")
        )
    return Check("disk", "ok", said)


def check_uv() -> Check:
    """The tool that installs the engine."""
    try:
        return Check("uv", "ok", tr("uv is at {path}.", path=find_uv()))
    except UserError as error:
        return Check("uv", "fail", error.message, error.hint, error.details)


def check_engine(manager: EngineManager, *, deep: bool) -> Check:
    """The engine's environment; ``deep`` takes one tiny training step in it."""
    status = manager.status()
    if not status.ready:
        return Check("engine", "fail", status.problem or "The engine is not ready.", status.hint or "")
    said = tr(
        "RAVE {rave} with torch {torch} on Python {python} ({source}, {path})",
        rave=status.rave,
        torch=status.torch,
        python=status.python,
        source=status.source,
        path=status.path,
    )
    if not deep:
        return Check("engine", "ok", f"{said}.")
    try:
        facts = manager.check()
    except UserError as error:
        return Check("engine", "fail", error.message, error.hint, error.details)
    return Check(
        "engine",
        "ok",
        tr(
            "{said} took a training step; start and step took {check_seconds:.1f} s.",
            said=said,
            check_seconds=facts.check_seconds,
        ),
    )


def check_device(manager: EngineManager) -> Check:
    """What a training would run on, and an NVIDIA card that lies idle."""
    status = manager.status()
    if not status.ready:
        return Check("device", "warn", tr("Not known until the engine is installed."))
    if status.device != "cpu":
        return Check("device", "ok", tr("Trainings run on {devices}.", devices=", ".join(status.devices[1:])))
    nvidia = find_nvidia()
    if nvidia is None:
        return Check("device", "ok", tr("Trainings run on the processor: there is no NVIDIA driver here."))
    problem = unfit(nvidia)
    cards = ", ".join(nvidia.cards) or "an NVIDIA card"
    if problem:
        return Check(
            "device",
            "warn",
            tr("Trainings run on the processor although there is {cards}.", cards=cards),
            problem,
        )
    return Check(
        "device",
        "warn",
        tr("Trainings run on the processor although there is {cards}.", cards=cards),
        tr("Install the CUDA build of torch: rave-gui engine install --torch cuda."),
    )


_AUDIO_PROBE = """
import json
from rave_gui.audio.playback import outputs
from rave_gui.errors import UserError
try:
    print(json.dumps({"names": [output.name for output in outputs()]}))
except UserError as error:
    print(json.dumps({"problem": error.to_json()}))
"""


def check_audio() -> Check:
    """Whether there is anything to play sound on, as the player itself looks for it."""
    try:
        names = _audio_outputs()
    except UserError as error:
        return Check(
            "audio",
            "warn",
            error.message,
            tr("{hint} All else works without.", hint=error.hint),
            error.details,
        )
    except subprocess.TimeoutExpired:
        return Check(
            "audio", "warn", tr("The audio system does not answer."), tr("Restart it, or log in again.")
        )
    except OSError as error:
        return Check(
            "audio",
            "warn",
            tr("The audio library cannot be loaded."),
            tr("Install RAVE GUI again. All but listening in the window works without."),
            str(error),
        )
    return Check("audio", "ok", tr("Audio output: {names}.", names=", ".join(names[:3])))


def _audio_outputs() -> list[str]:
    """Names of the outputs, asked in a process of its own (audio systems print, hang and crash).

    Raises :class:`UserError` when there is none, :class:`OSError` when the library fails, and ``TimeoutExpired``.
    """
    if is_frozen():  # there is no interpreter to start; the frozen library was tested when it was built
        from rave_gui.audio.playback import outputs

        return [output.name for output in outputs()]
    done = subprocess.run(
        [sys.executable, "-P", "-c", _AUDIO_PROBE],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=20,
        check=False,
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        raise OSError(done.stderr[-2000:] or f"exit code {done.returncode}") from None
    if "problem" in answer:
        raise UserError(**answer["problem"])
    return list(answer["names"])
