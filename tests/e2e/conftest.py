"""The real engine for end-to-end tests, in a home of each test's own.

The engine is the one of the environment variable ``RAVE_GUI_TEST_ENGINE`` (a Python or an environment's folder), otherwise
the one that is installed for this user. It is checked once a session and its record is handed to every test's home.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import psutil
import pytest

from rave_gui.paths import AppPaths, default_paths
from rave_gui.runtime.manager import EngineManager
from rave_gui.runtime.status import CURRENT
from rave_protocol.locks import holder, is_held

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "docs" / "schemas"
PATIENCE = 240.0
"""Seconds a command may take on a loaded machine."""


@dataclass
class Call:
    """One finished ``rave-gui`` command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output; fails the test when there is anything else."""
        lines = self.out.splitlines()
        assert len(lines) == 1, f"not one line: {self.out!r}\n{self.err}"
        value = json.loads(lines[0], parse_constant=lambda text: pytest.fail(f"{text} is no JSON"))
        assert isinstance(value, dict)
        return value

    def check(self, schema: str, code: int = 0) -> dict[str, Any]:
        """The object, after its exit code and its committed schema held."""
        assert self.code == code, f"exit {self.code}\n{self.out}\n{self.err}"
        value = self.json
        jsonschema.validate(value, json.loads((SCHEMAS / f"{schema}.json").read_text(encoding="utf-8")))
        return value

    def refused(self, error_code: str, exit_code: int = 3) -> dict[str, str]:
        """The error, after its code, exit code, schema and words held."""
        error: dict[str, str] = self.check("error", exit_code)["error"]
        assert error["code"] == error_code, error
        assert error["message"].rstrip().endswith((".", "!", "?")), error
        assert "Traceback" not in error["message"]
        return error


@dataclass
class Home:
    """An isolated user with a command line."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def paths(self) -> AppPaths:
        """The application's folders of this user."""
        home = self.root / "home"
        return AppPaths(home / "data", home / "config", home / "cache")

    def command(self, *args: str | Path) -> list[str]:
        """The argument vector of ``rave-gui ARGS``."""
        return [sys.executable, "-m", "rave_gui.cli.main", *map(str, args)]

    def start(self, *args: str | Path, **more: str) -> subprocess.Popen[bytes]:
        """Begin a command and do not wait for it."""
        return subprocess.Popen(
            self.command(*args),
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.root,
        )

    def __call__(self, *args: str | Path, timeout: float = PATIENCE, **more: str) -> Call:
        """Run ``rave-gui ARGS`` to its end."""
        process = self.start(*args, **more)
        try:
            out, err = process.communicate(timeout=timeout)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
        return Call(process.returncode, out.decode("utf-8"), err.decode("utf-8"))

    def close(self) -> None:
        """End every process that holds one of our locks."""
        for _ in range(3):  # whatever was just being started
            for lock in self.root.rglob("*.lock"):
                found = holder(lock) if is_held(lock) else None
                if found is not None and found.pid != os.getpid():
                    try:
                        process = psutil.Process(found.pid)
                        process.kill()
                        process.wait(5)
                    except psutil.Error:
                        continue
            time.sleep(0.05)


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c() -> None:
    """Ctrl+C reaches the programs started here, also where the tests themselves run in the background (shells ignore it there)."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def engine_record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``current.json`` of a home that has adopted the engine under test."""
    named = os.environ.get("RAVE_GUI_TEST_ENGINE")
    status = EngineManager(default_paths()).status()
    source = named or status.interpreter
    if source is None:
        pytest.fail(
            "These tests drive the real engine: run “rave-gui engine install”, or set RAVE_GUI_TEST_ENGINE."
        )
    home = tmp_path_factory.mktemp("engine")
    manager = EngineManager(AppPaths(home / "data", home / "config", home / "cache"))
    manager.adopt(Path(source))
    return home / "data" / "engine" / CURRENT


def _environment(root: Path) -> dict[str, str]:
    kept = {
        k: v
        for k, v in os.environ.items()
        if k not in ("RAVE_GUI_ENGINE", "RAVE_GUI_TEST_ENGINE", "PYTHONPATH")
    }
    return {**kept, "RAVE_GUI_HOME": str(root / "home"), "OMP_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}


@pytest.fixture
def bare_home(tmp_path: Path) -> Iterator[Home]:
    """A user who has not installed the engine."""
    home = Home(tmp_path, _environment(tmp_path))
    yield home
    home.close()


@pytest.fixture
def home(bare_home: Home, engine_record: Path) -> Home:
    """A user with the engine. Call it to run ``rave-gui``."""
    target = bare_home.paths.engines
    target.mkdir(parents=True)
    shutil.copy(engine_record, target / CURRENT)
    return bare_home


@pytest.fixture
def rave_gui(home: Home) -> Callable[..., Call]:
    """The command line of a user with the engine."""
    return home


@pytest.fixture(scope="session")
def drum_hits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 40 short drum hits (0.1 to 0.6 s) whose path has blanks and letters beyond ASCII."""
    import numpy as np
    import soundfile

    from rave_gui.audio import synth

    folder = tmp_path_factory.mktemp("sounds") / "Trömmeln & Bäsen 日本"
    folder.mkdir()
    rng = np.random.default_rng(3)
    makers = (synth.kick, synth.snare, synth.hat, synth.tom)
    for number in range(40):
        sound = makers[number % 4](rng, 44100)
        length = int(44100 * rng.uniform(0.1, 0.6))
        soundfile.write(
            folder / f"Schlag {number:02} – {makers[number % 4].__name__}.wav", sound[:length], 44100
        )
    return folder


@pytest.fixture(scope="session")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two ogg files of 12 s each."""
    import soundfile

    from rave_gui.audio import synth

    folder = tmp_path_factory.mktemp("music")
    for number, make in enumerate((synth.plucks, synth.drums)):
        soundfile.write(folder / f"piece {number}.ogg", make(12.0, number, 44100), 44100)
    return folder
