"""A small file system of its own, to fill it up for real."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def small_disk(folder: Path, options: str) -> Iterator[None]:
    """A file system of its own at ``folder`` (needs the right to mount); ``options`` are those of tmpfs."""
    folder.mkdir(exist_ok=True)
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs Linux and root")
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("this environment does not allow mounting a small disk")
    try:
        yield
    finally:
        # Lazily: a process of the test that is just ending may still have its current folder there.
        subprocess.run(["umount", "-l", str(folder)], check=True)


def resize(folder: Path, *, free: int) -> None:
    """Leave about ``free`` bytes on the small disk at ``folder``."""
    size = shutil.disk_usage(folder).used + free
    subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True)
