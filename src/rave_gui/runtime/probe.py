"""Questions put to an interpreter: which versions it holds, and whether the engine really runs in it."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.paths import package_root
from rave_gui.runtime.status import EngineFacts
from rave_protocol.codec import ProtocolError, decode, loads

RAVE_VERSION = "2.3.1"
CHECK_SECONDS = 900.0
"""A first import of torch from a slow disk takes minutes; a hang should still end."""

_PROBE = """
import json, platform, struct, sys
try:
    from importlib import metadata
except ImportError:
    metadata = None
def version(name):
    try:
        return metadata.version(name) if metadata else None
    except metadata.PackageNotFoundError:
        return None
print(json.dumps({"python": platform.python_version(), "executable": sys.executable, "prefix": sys.prefix,
    "bits": struct.calcsize("P") * 8, "machine": platform.machine(), "implementation": platform.python_implementation(),
    "versions": {n: version(n) for n in ("torch", "torchaudio", "acids-rave", "setuptools")}}))
"""


@dataclass(frozen=True)
class Interpreter:
    """What a Python says about itself without importing anything heavy."""

    python: str
    executable: str
    prefix: str
    bits: int
    machine: str
    implementation: str
    versions: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Foreign:
    """An environment that is not ours to write to."""

    redirect: Path
    """Folder of ours for what would be written into it."""
    interpreter: Path

    def variables(self) -> dict[str, str]:
        """Where compiled files go; where pip or conda compiled everything, nothing more is compiled at all."""
        found = {"NUMBA_CACHE_DIR": str(self.redirect / "numba")}
        folder = self.interpreter.parent
        places = [folder / "Lib", folder.parent / "Lib", *folder.parent.glob("lib/python3.*")]
        if any(next((p / "site-packages/torch/__pycache__").glob("__init__*.pyc"), None) for p in places):
            return {**found, "PYTHONDONTWRITEBYTECODE": "1"}
        return {
            **found,
            "PYTHONPYCACHEPREFIX": str(self.redirect / "bytecode"),
            "PYTHONDONTWRITEBYTECODE": "",
        }


def engine_environment(foreign: Foreign | None = None) -> dict[str, str]:
    """The variables of a process that runs in the engine's interpreter; nothing of the application's Python leaks into it."""
    dropped = {
        "PYTHONPATH",
        "PYTHONHOME",
        "PYTHONSTARTUP",
        "PYTHONEXECUTABLE",
        "__PYVENV_LAUNCHER__",
        "VIRTUAL_ENV",
    }
    environment = {k: v for k, v in os.environ.items() if k not in dropped}
    if getattr(sys, "frozen", False):
        # A frozen application points the loader at its own libraries; the engine's Python must find the system's.
        for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
            original = environment.pop(f"{name}_ORIG", None)
            environment.pop(name, None)
            if original:
                environment[name] = original
    environment.update(PYTHONNOUSERSITE="1", PYTHONUNBUFFERED="1", PYTHONUTF8="1", PYTHONIOENCODING="utf-8")
    if foreign is not None:
        environment.update(foreign.variables())
    return environment


def boot_script() -> Path:
    """The script started with the engine's interpreter."""
    return package_root() / "rave_engine" / "boot.py"


def interpreter_in(path: Path) -> Path:
    """The Python of an environment's folder (venv or conda), or ``path`` itself when it is a file.

    Raises :class:`UserError` when there is none.
    """
    path = path.expanduser().absolute()
    if path.is_file():
        return path
    candidates = (
        (path / "Scripts" / "python.exe", path / "python.exe")
        if sys.platform == "win32"
        else (path / "bin" / "python", path / "bin" / "python3")
    )
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    if not path.exists():
        raise UserError(
            tr("There is nothing at {path}.", path=path),
            tr("Give the folder of a conda or virtual environment, or its Python."),
            code="not-found",
        )
    raise UserError(
        tr("{path} holds no Python.", path=path),
        tr(
            "Give the folder of a conda or virtual environment (the one with bin or Scripts in it), or its "
            "Python."
        ),
        code="no-python",
    )


def interrogate(python: Path, environment: dict[str, str]) -> Interpreter:
    """Ask an interpreter for its version and what is installed in it; writes nothing.

    Raises :class:`UserError` when it cannot be started or answers nonsense.
    """
    try:
        done = subprocess.run(
            [str(python), "-B", "-c", _PROBE],
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(
            tr("{python} cannot be run as a Python.", python=python),
            tr("Choose another environment."),
            str(error),
            code="no-python",
        ) from None
    try:
        return decode(Interpreter, loads(done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""))
    except ProtocolError:
        raise UserError(
            tr("{python} does not answer like a Python.", python=python),
            tr("Choose another environment."),
            (done.stderr or done.stdout)[-2000:],
            code="no-python",
        ) from None


def refuse_unfit(found: Interpreter) -> None:
    """Raise :class:`UserError` for an environment RAVE cannot run in, with the one thing to change."""
    version = tuple(int(part) for part in found.python.split(".")[:2])
    if version != (3, 11):
        raise UserError(
            tr("That environment has Python {python}; the engine needs Python 3.11.", python=found.python),
            tr(
                "Make an environment with Python 3.11 (conda create -n rave python=3.11), or let RAVE GUI build "
                "its own: rave-gui engine install."
            ),
            found.executable,
            code="wrong-python",
        )
    rave = found.versions.get("acids-rave")
    if rave is None:
        raise UserError(
            tr("RAVE (acids-rave) is not installed in that environment."),
            tr(
                'Install it there with "pip install acids-rave=={rave_version}", or let RAVE GUI build its own '
                "environment: rave-gui engine install.",
                rave_version=RAVE_VERSION,
            ),
            found.executable,
            code="no-rave",
        )
    if rave != RAVE_VERSION:
        raise UserError(
            tr(
                "That environment has RAVE {rave}; RAVE GUI works with {rave_version}.",
                rave=rave,
                rave_version=RAVE_VERSION,
            ),
            tr(
                'Change it there with "pip install acids-rave=={rave_version}", or let RAVE GUI build its own '
                "environment: rave-gui engine install.",
                rave_version=RAVE_VERSION,
            ),
            found.executable,
            code="wrong-rave",
        )
    missing = [name for name in ("torch", "torchaudio") if found.versions.get(name) is None]
    if missing:
        raise UserError(
            tr("{missing} cannot be found in that environment.", missing=" and ".join(missing)),
            tr("Install PyTorch there, or let RAVE GUI build its own environment: rave-gui engine install."),
            found.executable,
            code="no-torch",
        )


def check_engine(
    python: Path, environment: dict[str, str], cancel: Callable[[], bool] | None = None
) -> EngineFacts:
    """Run one tiny forward and backward through RAVE with ``python``; what it found.

    Raises :class:`UserError` (code ``engine-broken``) with the end of its output when that fails.
    """
    from rave_gui.runtime.processes import run_process

    began = time.monotonic()
    answer: list[str] = []
    noise: list[str] = []
    try:
        code = run_process(
            [str(python), str(boot_script()), "check"],
            environment,
            on_line=lambda line: (noise if line.stream == "err" else answer).append(line.text),
            cancel=cancel,
            timeout=CHECK_SECONDS,
        )
    except TimeoutError:
        raise UserError(
            tr(
                "The engine did not answer within {check_seconds:.0f} minutes.",
                check_seconds=CHECK_SECONDS / 60,
            ),
            tr("Is the disk or the computer very busy? Try again when it is not."),
            "\n".join(noise[-30:]),
            code="engine-broken",
        ) from None
    except OSError as error:
        raise UserError(
            tr("The engine's Python cannot be started: {python}.", python=python),
            tr("Install the engine anew: rave-gui engine install."),
            str(error),
            code="engine-broken",
        ) from None
    found = _last_object(answer)
    details = "\n".join([*noise[-30:], *answer[-5:]])
    if code != 0 or not found.get("ok"):
        reason = str(
            found.get("error") or found.get("problem") or _last_line(noise) or f"it ended with {code}"
        )
        raise UserError(
            tr("The engine was started but could not take a tiny training step: {reason}", reason=reason),
            tr("Install it anew (rave-gui engine install), or show the details to somebody who can help."),
            details,
            code="engine-broken",
        )
    devices = device_names(found)
    return EngineFacts(
        python=str(found.get("python", "")).split()[0] or platform.python_version(),
        rave=str(found.get("rave", "")),
        torch=str(found.get("torch", "")),
        torchaudio=str(found.get("torchaudio", "")),
        device=str(found.get("device") or "cpu").split(":")[0],
        devices=devices,
        checked=time.time(),
        check_seconds=round(time.monotonic() - began, 2),
    )


def device_names(found: dict[str, Any]) -> list[str]:
    """Devices in the answer of ``boot.py check`` (``devices``: a list of ``{"id", "name"}``) as words, the processor first."""
    names = []
    for item in found.get("devices") or []:
        if isinstance(item, dict) and str(item.get("id", "cpu")) != "cpu":
            names.append(f"{item['id']} {item.get('name') or ''}".strip())
    return ["cpu", *names]


def _last_object(lines: list[str]) -> dict[str, Any]:
    for line in reversed(lines):
        if line.lstrip().startswith("{"):
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                return value
    return {}


def _last_line(lines: list[str]) -> str:
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
