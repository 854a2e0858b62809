"""Sleeping with an eye on files."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from rave_gui.jobs.nap import Nap


@pytest.mark.parametrize("exists", [True, False])
def test_a_change_ends_the_sleep(tmp_path: Path, exists: bool) -> None:
    path = tmp_path / "state.json"
    if exists:
        path.write_text("1")
    nap = Nap([tmp_path / "other", path])
    stamp = nap.stamp()
    threading.Timer(0.1, lambda: path.write_text("22")).start()
    began = time.monotonic()
    nap.sleep(20.0, stamp)
    assert 0.09 < time.monotonic() - began < 10.0


def test_what_changed_before_the_sleep_ends_it_at_the_first_glance(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    nap = Nap([path])
    stamp = nap.stamp()
    path.write_text("x")
    began = time.monotonic()
    nap.sleep(20.0, stamp)
    assert time.monotonic() - began < 10.0


def test_nothing_new_is_slept_through(tmp_path: Path) -> None:
    nap = Nap([tmp_path / "nothing"])
    began = time.monotonic()
    nap.sleep(0.2, nap.stamp())
    assert time.monotonic() - began >= 0.2
