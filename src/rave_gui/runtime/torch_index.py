"""PyTorch's own package index: where builds of torch are that PyPI does not have (``+cpu`` on Linux, CUDA on Windows)."""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request
from html import unescape
from pathlib import Path
from urllib.parse import unquote

VARIABLE = "RAVE_GUI_TORCH_INDEX"
"""Names a mirror that has the same layout (folders ``cpu``, ``cu130``)."""

SECONDS = 10.0


def address(build: str) -> str:
    """The index of one build (``cpu``, ``cu130``)."""
    root = os.environ.get(VARIABLE, "https://download.pytorch.org/whl").rstrip("/")
    return f"{root}/{build}"


def arguments(build: str | None) -> list[str]:
    """uv's options that add this index to the user's sources."""
    return [] if build is None else ["--index", address(build)]


def reachable(build: str) -> bool:
    """Whether the index answers within ten seconds; proxies of the environment are used."""
    return _page(build) is not None


def wheel_hash(build: str, lock: Path) -> str | None:
    """The SHA-256 that the index states for the pinned torch on Windows with Python 3.11, or None when it lists none."""
    page = _page(build)
    version = pinned_version(lock)
    if page is None or version is None:
        return None
    for link in re.findall(r'href="([^"]+)"', page):
        name, _, fragment = unquote(unescape(link)).rpartition("/")[2].partition("#")
        if name == f"torch-{version}-cp311-cp311-win_amd64.whl":
            found = re.fullmatch(r"sha256=([0-9a-f]{64})", fragment)
            return found.group(1) if found else None
    return None


def pinned_copy(build: str, lock: Path, target: Path) -> Path:
    """Write the lock with the hash that the index states, so that a damaged download is refused. Raises LookupError without one."""
    value = wheel_hash(build, lock)
    if value is None:
        raise LookupError(f"{address(build)} lists no hash")
    target.write_text(f"torch=={pinned_version(lock)} --hash=sha256:{value}\n", encoding="utf-8")
    return target


def pinned_version(lock: Path) -> str | None:
    """The version in a lock file's torch line."""
    found = re.search(r"^torch==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return found.group(1) if found else None


def _page(build: str) -> str | None:
    url = f"{address(build)}/torch/"
    if not url.startswith(("https://", "http://")):
        return None
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - the scheme is checked above
            return str(answer.read().decode("utf-8", "replace"))
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return None
