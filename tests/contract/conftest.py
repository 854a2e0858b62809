"""Contract tests run in the engine's own interpreter and drive the real library.

``rave_engine`` and ``rave_protocol`` are made importable as ``boot.py`` does it: by their folders, with nothing of ours on ``sys.path``
but this folder's own helpers.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
os.environ.setdefault("OMP_NUM_THREADS", "1")

if "rave_engine" not in sys.modules:
    runpy.run_path(str(ROOT / "src" / "rave_engine" / "boot.py"))["expose_packages"]()


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing of the user's cache is read or written."""
    os.environ["RAVE_GUI_HOME"] = str(tmp_path_factory.mktemp("home"))
