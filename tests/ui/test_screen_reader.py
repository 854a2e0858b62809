"""What a screen reader finds: on every page and in every dialog, nothing that can be worked is without a name.

Needs a virtual screen, a session bus and AT-SPI with its Python bindings (Debian: ``xvfb dbus at-spi2-core python3-gi
gir1.2-atspi-2.0``); skipped, saying so, where one is missing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LAUNCHER = Path("/usr/libexec/at-spi-bus-launcher")
SYSTEM_PYTHON = "/usr/bin/python3"
WORKABLE = {
    "push button",
    "button",
    "toggle button",
    "check box",
    "radio button",
    "combo box",
    "text",
    "entry",
    "spin button",
    "slider",
    "menu item",
    "table",
    "list",
}
LEAST = {
    "form",
    "running",
    "finished",
    "home",
    "datasets",
    "training",
    "models",
    "play",
    "export",
    "jobs",
    "gallery",
    "window.palette",
    "window.settings",
    "help.keys",
    "project.new",
    "project.delete",
    "datasets.new",
    "training.new",
}
"""Scenes that must have been looked at; others come with the actions that open them."""


def missing() -> str:
    """What keeps this test from running; empty when it can."""
    if sys.platform != "linux":
        return "AT-SPI is Linux's accessibility bus"
    for program in ("Xvfb", "dbus-daemon"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    if not LAUNCHER.exists():
        return "at-spi2-core is not installed"
    check = "import gi; gi.require_version('Atspi', '2.0'); from gi.repository import Atspi"
    if (
        not Path(SYSTEM_PYTHON).exists()
        or subprocess.run([SYSTEM_PYTHON, "-c", check], check=False, capture_output=True).returncode
    ):
        return "the Python bindings of AT-SPI are not installed"
    return ""


pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "everything is there")


def first_line(process: subprocess.Popen[str]) -> str:
    """The next line a process prints."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a virtual screen with a session bus and the accessibility bus."""
    environment = {k: v for k, v in os.environ.items() if k not in ("DBUS_SESSION_BUS_ADDRESS", "DISPLAY")}
    environment["PYTHONPATH"] = os.pathsep.join((str(ROOT), str(ROOT / "src")))
    environment |= {"QT_QPA_PLATFORM": "xcb", "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1", "NO_AT_BRIDGE": "0"}
    environment |= {"XDG_RUNTIME_DIR": str(tmp_path), "RAVE_GUI_HOME": str(tmp_path / "home")}
    environment.pop("RAVE_GUI_ENGINE", None)
    tmp_path.chmod(0o700)
    with ExitStack() as stack:

        def start(*command: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)
            return process

        number = first_line(
            start("Xvfb", "-displayfd", "1", "-screen", "0", "1440x900x24", "-nolisten", "tcp")
        )
        environment["DISPLAY"] = f":{number}"
        environment["DBUS_SESSION_BUS_ADDRESS"] = first_line(
            start("dbus-daemon", "--session", "--nofork", "--print-address=1")
        )
        start(str(LAUNCHER), "--launch-immediately")
        yield environment


def test_nothing_that_can_be_worked_is_without_a_name(screen: dict[str, str], tmp_path: Path) -> None:
    window = subprocess.Popen(
        [sys.executable, str(ROOT / "tests/ui/atspi_scene.py"), str(tmp_path)],
        env=screen,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert window.stdin is not None
    try:
        seen: set[str] = set()
        problems: list[str] = []
        while True:
            window.stdin.write("next\n")
            window.stdin.flush()
            word, _, scene = first_line(window).partition(" ")
            if word != "ready":
                break
            seen.add(scene)
            nodes = walk(screen, window.pid)
            shown = [n for n in nodes if "showing" in n["states"]]
            assert sum(n["role"] in WORKABLE for n in shown) >= 3, (
                f"the tree of {scene} is there: {nodes[:5]}"
            )
            nameless = [
                n
                for n in shown
                if not n["name"].strip()
                and (n["role"] in WORKABLE or "focusable" in n["states"])
                # the editor inside a spin box and the pieces of scroll bars belong to the named thing around them
                and not {"spin button", "scroll bar"} & set(n["in"])
            ]
            problems += [f"{scene}: {n['role']} in {' > '.join(n['path'][-4:])}" for n in nameless]
        assert word == "done", "the window went through all its scenes"
        assert seen >= LEAST, LEAST - seen
        assert not problems, "\n".join(dict.fromkeys(problems))
    finally:
        window.stdin.close()
        window.wait(30)


def walk(environment: dict[str, str], pid: int) -> list[dict[str, Any]]:
    """The tree of one process."""
    done = subprocess.run(
        [SYSTEM_PYTHON, str(ROOT / "tests/ui/atspi_walk.py"), str(pid)],
        env={k: v for k, v in environment.items() if k != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]
