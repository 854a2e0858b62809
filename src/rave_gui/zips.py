"""What the archives of projects and of datasets share: both are zip files that somebody else may have made or damaged."""

from __future__ import annotations

import struct
import zipfile
import zlib

DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
    OverflowError,
)
"""What :mod:`zipfile` raises over bytes that are not what a zip has at that place (ValueError: an offset no file has)."""
