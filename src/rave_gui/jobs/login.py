"""The queue goes on after the computer was restarted: an entry among the programs that start at login, there only while trainings run or wait.

XDG autostart (freedesktop.org, Autostart 0.5) on Linux, a launch agent on macOS, the user's ``Run`` key on Windows.
"""

from __future__ import annotations

import contextlib
import os
import plistlib
import sys
import time
from pathlib import Path

from rave_gui.jobs.launch import app_command
from rave_gui.paths import AppPaths
from rave_gui.settings import Settings

SETTING = "go_on_at_login"
NAME = "rave-gui-queue"
EVERY = 30.0
"""Seconds between two looks at the setting and the entry."""
_RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"


class LoginItem:
    """Kept by the dispatcher; a fault of it never holds up the queue."""

    def __init__(self, paths: AppPaths, place: Path | None = None, every: float = EVERY) -> None:
        """``place``: folder of the entry, for tests; None takes the system's. With ``RAVE_GUI_HOME`` set there is none: such an
        installation leaves nothing elsewhere.
        """
        self._settings = paths.config / "settings.json"
        self._place, self._every = place, every
        self._there: bool | None = None
        self._again_at = 0.0
        self.possible = place is not None or "RAVE_GUI_HOME" not in os.environ

    def see(self, waiting: bool) -> None:
        """``waiting``: whether a training runs or waits. Makes the entry, or takes it away; called at every look of the dispatcher."""
        if not self.possible or (waiting == self._there and time.monotonic() < self._again_at):
            return
        self._there, self._again_at = waiting, time.monotonic() + self._every
        with contextlib.suppress(
            OSError
        ):  # a home that cannot be written: the queue goes on when somebody looks
            if waiting and Settings.load(self._settings).flag(SETTING):
                _enter(self._place)
            else:
                _remove(self._place)


def command() -> list[str]:
    """What is started at login: the dispatcher, which ends by itself when nothing waits."""
    args = app_command("dispatcher")
    if sys.platform == "win32":  # without a console
        program = Path(args[0])
        quiet = program.with_name(
            {"python.exe": "pythonw.exe", "rave-gui.exe": "rave-gui-window.exe"}.get(program.name.lower(), "")
        )
        if quiet.is_file():
            args[0] = str(quiet)
    return args


def desktop_entry(args: list[str]) -> str:
    """The text of the autostart file; quoting as the Desktop Entry Specification 1.5 wants it."""
    quoted = []
    for arg in args:
        for sign in ("\\", '"', "`", "$"):
            arg = arg.replace(sign, "\\" + sign)  # noqa: PLW2901
        quoted.append(f'"{arg}"'.replace("%", "%%"))
    line = " ".join(quoted).replace("\\", "\\\\")
    return (
        "[Desktop Entry]\nType=Application\nName=RAVE GUI\nComment=Goes on with trainings that a restart interrupted\n"
        f"Exec={line}\nTerminal=false\nNoDisplay=true\nX-GNOME-Autostart-enabled=true\n"
    )


def _file(place: Path | None) -> Path:
    if sys.platform == "darwin":
        return (place or Path.home() / "Library" / "LaunchAgents") / f"org.{NAME}.plist"
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return (place or config / "autostart") / f"{NAME}.desktop"


def _enter(place: Path | None) -> None:
    if sys.platform == "win32":
        import subprocess
        import winreg

        with winreg.CreateKey(winreg.HKEY_CURRENT_USER, _RUN_KEY) as key:
            winreg.SetValueEx(key, NAME, 0, winreg.REG_SZ, subprocess.list2cmdline(command()))
        return
    path = _file(place)
    if sys.platform == "darwin":
        entry = {"Label": f"org.{NAME}", "ProgramArguments": command(), "RunAtLoad": True}
        text = plistlib.dumps(entry)
    else:
        text = desktop_entry(command()).encode()
    if not path.exists() or path.read_bytes() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)


def _remove(place: Path | None) -> None:
    if sys.platform == "win32":
        import winreg

        with (
            contextlib.suppress(FileNotFoundError),
            winreg.OpenKey(winreg.HKEY_CURRENT_USER, _RUN_KEY, 0, winreg.KEY_SET_VALUE) as key,
        ):
            winreg.DeleteValue(key, NAME)
        return
    _file(place).unlink(missing_ok=True)
