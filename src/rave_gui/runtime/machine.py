"""What this machine is, as far as the choice of torch goes."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Nvidia:
    """An NVIDIA driver and the cards behind it; ``driver`` and ``compute`` are empty where only the driver's library was seen."""

    cards: list[str] = field(default_factory=list)
    driver: str = ""
    compute: list[str] = field(default_factory=list)
    """Compute capability of each card, e.g. ``8.6``."""


@dataclass(frozen=True)
class Machine:
    """Facts that decide which torch can be had."""

    system: str
    """``linux``, ``win32`` or ``darwin``, as ``sys.platform``."""
    arch: str
    """``x86_64`` or ``arm64``."""
    libc: str = ""
    """On Linux ``glibc 2.36``; empty for another C library (musl)."""
    nvidia: Nvidia | None = None


def this_machine() -> Machine:
    """Look at the machine; takes at most ten seconds where the NVIDIA driver is stuck, else milliseconds."""
    arch = platform.machine().lower()
    arch = {"amd64": "x86_64", "aarch64": "arm64"}.get(arch, arch)
    libc = ""
    if sys.platform == "linux":
        name, version = platform.libc_ver()
        libc = f"{name} {version}" if name == "glibc" else ""
    return Machine(sys.platform, arch, libc, find_nvidia())


def find_nvidia() -> Nvidia | None:
    """The NVIDIA driver, asked through ``nvidia-smi`` or, where that is missing, seen by its library; None without one."""
    if sys.platform == "darwin":
        return None
    tool = shutil.which("nvidia-smi")
    if tool is None and sys.platform == "win32":
        beside = Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "nvidia-smi.exe"
        tool = str(beside) if beside.exists() else None
    if tool is not None:
        found = _ask(tool)
        if found is not None:
            return found
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return None
    return Nvidia()


def _ask(tool: str) -> Nvidia | None:
    try:
        done = subprocess.run(
            [tool, "--query-gpu=name,driver_version,compute_cap", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_smi(done.stdout) if done.returncode == 0 else None


def parse_smi(text: str) -> Nvidia | None:
    """Read ``name, driver_version, compute_cap`` lines; None when there is no card in them."""
    rows = [
        [part.strip() for part in line.rsplit(",", 2)] for line in text.splitlines() if line.count(",") >= 2
    ]
    if not rows:
        return None
    return Nvidia([row[0] for row in rows], rows[0][1], [row[2] for row in rows])


def free_space(folder: Path) -> int:
    """Free bytes where ``folder`` is or will be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free
