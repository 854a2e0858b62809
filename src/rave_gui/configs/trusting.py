"""Gin files that the user allowed to run code: by path and content, so that a file that changes has to be read again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from rave_gui.paths import AppPaths
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json, write_json


def _store(paths: AppPaths) -> Path:
    return paths.config / "trusted-configs.json"


def _known(paths: AppPaths) -> dict[str, str]:
    try:
        found = read_json(_store(paths))
    except (OSError, ProtocolError):
        return {}
    return {str(path): str(digest) for path, digest in found.items()}


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def trust(paths: AppPaths, path: Path) -> None:
    """Allow this file, as it is now, to run code. Raises OSError when it cannot be read or the list not written."""
    path = path.absolute()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    paths.config.mkdir(parents=True, exist_ok=True)
    write_json(_store(paths), {**_known(paths), str(path): digest})


def distrust(paths: AppPaths, path: Path) -> None:
    """Take the permission back."""
    known = _known(paths)
    if known.pop(str(path.absolute()), None) is not None:
        write_json(_store(paths), known)


def may_run(paths: AppPaths, names: Iterable[str]) -> list[str]:
    """Those of ``names`` that are files with a content that the user allowed: the same file, or an unchanged copy of it."""
    known = {digest for digest in _known(paths).values() if digest}
    return [name for name in names if Path(name).is_absolute() and _digest(Path(name)) in known]


def trusted(paths: AppPaths) -> list[str]:
    """Files that may run code: allowed, and unchanged since."""
    return [path for path, digest in _known(paths).items() if digest and digest == _digest(Path(path))]
