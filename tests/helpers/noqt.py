"""A pytest plugin that makes Qt impossible to import, so that a test run proves that everything outside ``ui/`` does without it.

    python -m pytest -p no:pytest-qt -p tests.helpers.noqt tests/unit tests/viewmodels

It blocks in the test process itself; the programs that tests start are covered by the import contracts.
"""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

BLOCKED = frozenset({"PySide6", "shiboken6", "PyQt6", "PyQt5", "pyqtgraph", "pytestqt"})


class QtBlocker(importlib.abc.MetaPathFinder):
    """First on ``sys.meta_path``: refuses every Qt binding and what needs one."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raise for a blocked package; leave all others to the next finder."""
        if fullname.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"{fullname} is blocked in this test run", name=fullname)
        return None


def block() -> None:
    """Make Qt impossible to import from now on. Raises :class:`RuntimeError` when it is already imported."""
    present = sorted(BLOCKED & {name.partition(".")[0] for name in sys.modules} - {"pytestqt"})
    if present:
        raise RuntimeError(f"{present[0]} was imported before it could be blocked")
    sys.meta_path.insert(0, QtBlocker())


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know the option that pytest-qt would have declared, so that the strict configuration is still valid."""
    parser.addini("qt_api", "ignored in a run without Qt")


block()
