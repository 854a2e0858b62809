"""A digest of our engine's source files: a warm worker started by other source is not used."""

from __future__ import annotations

import hashlib
from pathlib import Path


def source_digest(root: Path) -> str:
    """Digest of every ``.py`` file of ``rave_engine`` and ``rave_protocol`` under ``root``, by relative path and contents.

    ``root`` is the folder that holds both packages. Sixteen hexadecimal digits; equal on both sides of the protocol exactly
    when both see the same source. Raises :class:`OSError` when a file cannot be read.
    """
    digest = hashlib.sha256()
    for package in ("rave_engine", "rave_protocol"):
        for path in sorted((root / package).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(b"\0")
            digest.update(path.read_bytes())
            digest.update(b"\0")
    return digest.hexdigest()[:16]
