"""Start processes that outlive us: how each of ours is called, and how it is detached on each system."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from rave_gui.paths import AppPaths, default_paths, is_frozen
from rave_gui.runtime.spawn import spawn
from rave_gui.runtime.worker_client import WarmWorker
from rave_protocol.specs import ENGINE_KINDS, JobSpec


class Engine(Protocol):
    """What jobs need of :class:`rave_gui.runtime.manager.EngineManager`."""

    def python(self) -> Path:
        """The engine's interpreter; ``UserError`` ``engine-missing`` without one."""

    def boot_command(self, *args: str) -> list[str]:
        """Command line of the engine's interpreter with our boot script; ``UserError`` ``engine-missing`` without one."""

    def environment(self) -> dict[str, str]:
        """Environment of the engine's processes."""

    def status(self) -> Any:
        """``EngineStatus``."""


def app_command(module: str, *args: str) -> list[str]:
    """How to run ``rave_gui.jobs.<module>`` with ``args`` in a process of its own.

    ``-P`` keeps the current folder off the module path: a project that came from somebody else is not a place for code.
    """
    if is_frozen():
        return [sys.executable, f"_{module}", *args]
    return [sys.executable, "-P", "-m", f"rave_gui.jobs.{module}", *args]


def app_environment(paths: AppPaths) -> dict[str, str]:
    """Our own environment, so changed that a child process finds the same ``paths``.

    Raises :class:`ValueError` for folders that no environment variable can express.
    """
    env = dict(os.environ)
    if paths == default_paths():
        return env
    home = paths.data.parent
    if paths != AppPaths(home / "data", home / "config", home / "cache"):
        raise ValueError(f"{paths} are not the folders of one RAVE_GUI_HOME")
    env["RAVE_GUI_HOME"] = str(home)
    return env


def engine_manager(paths: AppPaths) -> Engine:
    """The engine's manager, imported late: most calls about jobs never need it."""
    from rave_gui.runtime.manager import EngineManager

    manager: Engine = EngineManager(paths)
    return manager


@dataclass
class Work:
    """A working process just started: its pid, and a handle where it is our own child."""

    pid: int
    process: subprocess.Popen[bytes] | None = None


def start_work(spec: JobSpec, folder: Path, log: IO[bytes], paths: AppPaths) -> Work:
    """Start the working process of a job; it takes the job's work lock and announces itself.

    The one place that decides how: a warm worker that is up forks it (then it is not our child, and nothing relies on that),
    otherwise it is a fresh process. Raises :class:`UserError` (no engine) or :class:`OSError`.
    """
    if spec.kind in ENGINE_KINDS:
        engine = engine_manager(paths)
        pid = WarmWorker(engine, paths).run_job(folder)
        if pid is not None:
            return Work(pid)
        command, env = engine.boot_command("job", str(folder)), engine.environment()
    else:
        command, env = app_command("worker", str(folder)), app_environment(paths)
        env["PYTHONUNBUFFERED"] = "1"
    process = spawn(command, env=env, cwd=folder, output=log, detached=False)
    return Work(process.pid, process)
