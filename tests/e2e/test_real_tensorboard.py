"""The real TensorBoard of the engine's environment shows a run, and ends."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.test_event_files import NAME, points, written

pytestmark = pytest.mark.engine


def test_a_run_is_shown_and_the_board_ends(rave_gui: Callable[..., Any], tmp_path: Path) -> None:
    written(tmp_path / "runs" / "drums" / "version_0" / NAME, *points(50))
    started = rave_gui("tensorboard", "start", str(tmp_path / "runs"), "--json")
    assert started.code == 0, started.err
    board = json.loads(started.out)
    try:
        with urllib.request.urlopen(f"{board['url']}data/plugin/scalars/tags", timeout=30) as reply:
            tags = json.load(reply)
        assert list(tags) == ["drums/version_0"]
        assert list(tags["drums/version_0"]) == ["loss"]
        assert json.loads(rave_gui("tensorboard", "list", "--json").out)["items"] == [board]
    finally:
        ended = json.loads(rave_gui("tensorboard", "stop", "--all", "--json").out)
    assert ended["items"] == [board]
    assert json.loads(rave_gui("tensorboard", "list", "--json").out)["items"] == []
