"""A sample of tools/event_campaign.py: damaged event files and malformed lines neither fail nor lie."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "event_campaign.py"


@pytest.fixture(scope="module")
def campaign() -> ModuleType:
    spec = importlib.util.spec_from_file_location("event_campaign_under_test", TOOL)
    assert spec is not None
    assert spec.loader is not None
    before = list(sys.path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


def test_damaged_event_files(campaign: ModuleType) -> None:
    found = campaign.files(250, seed=7)
    assert found["faults"] == []
    assert found["by_kind"]["flip"]["points_read"] > 0.9 * found["by_kind"]["flip"]["points_written"]
    assert len(found["by_kind"]) >= 12


def test_malformed_lines(campaign: ModuleType) -> None:
    found = campaign.log_lines(3000, seed=7)
    assert found["faults"] == []
    assert found["log_metrics_kept"] <= 256
    assert found["log_lines_understood"] > 300
