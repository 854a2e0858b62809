"""The folder of engine environments: ``envs/<hash>/``, the lock files behind the hash, and clearing away.

Environments are built where they will stay, because a virtual environment does not survive being moved.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

from rave_gui.runtime.status import CURRENT, READY

PYTHON_VERSION = "3.11"
LOCKS = Path(__file__).resolve().parent / "requirements"
"""Hash-pinned requirement files; they ship inside the package."""

COMMON = "engine.txt"
SOURCE_ONLY = "engine-source.txt"
TORCH = {"cpu": "torch-cpu.txt", "pypi": "torch-pypi.txt", "windows-cuda": "torch-windows-cuda.txt"}
"""The file that pins torch, by where it comes from."""


class Environments:
    """Our environments under one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.envs = root / "envs"

    def key(self, build: str, torch_lock: str) -> str:
        """Twelve hex digits that change with anything that would make another environment."""
        digest = hashlib.sha256()
        digest.update(f"{PYTHON_VERSION} {sys.platform} {build}\n".encode())
        for name in (COMMON, SOURCE_ONLY, torch_lock):
            digest.update((LOCKS / name).read_bytes().replace(b"\r\n", b"\n"))
        return digest.hexdigest()[:12]

    def is_current(self, key: str, build: str) -> bool:
        """Whether an environment of that hash is what this version of the application would build."""
        return any(key == self.key(build, name) for name in TORCH.values())

    def folder(self, key: str) -> Path:
        """Where the environment of that hash lies or will lie."""
        return self.envs / key

    def users(self, folder: Path | None = None) -> list[int]:
        """Pids of processes that run in ``folder`` (or in any of our environments)."""
        import psutil  # late: only changes to environments need it

        prefix = str(folder or self.envs) + os.sep
        found = []
        for process in psutil.process_iter(["cmdline"]):
            command = process.info["cmdline"] or []
            # The path a process was started by: on POSIX the venv's python is a link, so its real path says nothing.
            if command and command[0].startswith(prefix):
                found.append(process.pid)
        return found

    def installers(self, folder: Path) -> list[int]:
        """Pids of uv processes that work on ``folder``: left over when whoever started them was killed."""
        import psutil

        found = []
        for process in psutil.process_iter(["name", "cmdline"]):
            name, command = process.info["name"] or "", process.info["cmdline"] or []
            if name.startswith("uv") and any(argument.startswith(str(folder)) for argument in command):
                found.append(process.pid)
        return found

    def forget(self) -> None:
        """Let no environment be the one in use."""
        (self.root / CURRENT).unlink(missing_ok=True)

    def collect(self, keep: Path | None) -> list[Path]:
        """Delete every environment but ``keep`` that nobody runs in, half-made ones included; the folders deleted."""
        gone = []
        if self.envs.is_dir():
            for folder in sorted(self.envs.iterdir()):
                if folder != keep and not self.users(folder) and self.delete(folder):
                    gone.append(folder)
        return gone

    def delete(self, folder: Path) -> bool:
        """Delete one environment; True when it is gone. What Windows still holds open is left for the next time."""
        (folder / READY).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()
