"""What was tested of an export in words, where it works, and how it is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.helpers.models import CARD

from rave_gui.viewmodels import exports
from rave_gui.viewmodels.exports import TARGETS, checks, guide, latents_for, works_in


def states(**changes: Any) -> dict[str, str]:
    """Each check's words and state."""
    return {check.text: check.state for check in checks({**CARD, **changes})}


def test_a_good_export_passes_everything() -> None:
    assert set(states().values()) == {"ok"}
    assert len(states()) == 7
    assert checks({}) == [], "without a card nothing is claimed"


@pytest.mark.parametrize(
    ("changes", "state", "word"),
    [
        ({"peak": 0.0}, "warn", "silence"),
        ({"streaming_error_db": -40.0}, "warn", "click"),
        ({"repeatable": False}, "warn", "same twice"),
        ({"finite": False}, "fail", "NaN"),
        ({"real_time_factor": {"value": 1.5, "buffer": 2048}}, "fail", "too slow"),
        ({"real_time_factor": 0.8}, "warn", "Keeps up"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, Any], state: str, word: str) -> None:
    found = [text for text, value in states(**changes).items() if value == state]
    assert len(found) == 1
    assert word in found[0]


def test_a_later_verification_counts() -> None:
    found = checks(CARD, {"finite": False, "real_time_factor": 2.0})
    assert {c.state for c in found} == {"ok", "fail"}
    assert sum(c.state == "fail" for c in found) == 2


def test_hosts_say_what_they_cannot_take() -> None:
    by_key = {target.key: target for target in TARGETS}
    assert all(not works_in(target, CARD) for target in TARGETS)
    whole = {**CARD, "streaming": False}
    assert works_in(by_key["nn"], whole)
    assert not works_in(by_key["torchscript"], whole)
    wide = {**CARD, "channels": 4}
    assert "4" in works_in(by_key["vst"], wide)
    assert not works_in(by_key["nn"], wide)


@pytest.mark.parametrize("target", [target.key for target in TARGETS])
def test_every_host_has_a_guide_for_this_file(target: str) -> None:
    found = guide(target, Path("/music/voice_streaming.ts"), {**CARD, "sample_rate": 48000, "latent_size": 3})
    assert found.steps
    assert "48000" in " ".join(found.steps)
    assert found.code
    assert "{" not in " ".join(found.steps), "everything is filled in"


def test_latents_of_a_fidelity() -> None:
    table = CARD["fidelity"]["table"]
    assert latents_for(table, 0.95) == 2
    assert latents_for(table, 0.97) is None, "only what was measured"
    assert latents_for(None, 0.95) is None
    assert exports.latency_seconds(CARD) == 0.2387
    assert exports.latency_seconds({}) is None
