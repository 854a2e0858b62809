"""The window goes away while jobs run, and comes back: a short sample of ``tools/window_kill_campaign.py``, without an engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.e2e.conftest import Home
from tools.window_kill_campaign import Campaign
from tools.window_kill_jobs import KINDS, WITHOUT_ENGINE

from rave_protocol.specs import KINDS as REGISTERED


@pytest.fixture
def campaign(bare_home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Campaign]:
    monkeypatch.setenv("RAVE_GUI_HOME", str(bare_home.root / "home"))
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    for name in ("RAVE_GUI_ENGINE", "RAVE_GUI_TEST_ENGINE"):
        monkeypatch.delenv(name, raising=False)
    found = Campaign(bare_home.root, None)
    yield found
    found.close()


def test_the_campaign_knows_every_kind_of_job() -> None:
    assert set(KINDS) == set(REGISTERED)


def test_a_window_that_goes_away_loses_nothing(campaign: Campaign) -> None:
    assert {"dataset", "dataset-stats"} <= set(WITHOUT_ENGINE)
    for kind, way, share in (("dataset", "killed", 0.3), ("dataset-stats", "closed", 0.1)):
        found = campaign.play(kind, way, share)
        assert not found.faults, found
        assert found.at_work, found
        assert found.state == "succeeded"
