"""Presets give fields that a training specification takes, at any length."""

from __future__ import annotations

import pytest

from rave_gui.configs import actions
from rave_gui.configs.presets import PRESETS
from rave_gui.errors import UserError
from rave_protocol.codec import decode
from rave_protocol.specs import TrainParams


@pytest.mark.parametrize("name", [preset.name for preset in PRESETS])
@pytest.mark.parametrize("steps", [None, 1, 30, 3000, 2_000_000])
def test_every_preset_at_every_length_is_a_valid_specification(name: str, steps: int | None) -> None:
    fields = actions.preset(name, steps)
    params = decode(TrainParams, {"dataset": "/d", "run": "/r", "name": "r", **fields})
    assert params.configs
    assert params.max_steps == (steps or params.max_steps)
    assert 1 <= params.save_every <= params.max_steps
    assert 1 <= params.val_every <= params.max_steps
    assert 1 <= params.log_every <= 50
    phase = [line for line in params.overrides if line.startswith("PHASE_1_DURATION")]
    if params.max_steps <= 1_000_000:
        assert 1 <= int(phase[0].split("=")[1]) <= params.max_steps
    assert params.threads == (1 if name == "tiny" else 0)
    assert actions.preset_dataset(name) == {"num_signal": params.n_signal}


def test_an_unknown_preset_names_the_known() -> None:
    with pytest.raises(UserError) as caught:
        actions.preset("huge")
    assert caught.value.code == "preset-unknown"
    assert "tiny" in caught.value.hint


def test_no_steps_is_refused() -> None:
    with pytest.raises(UserError, match="0 steps"):
        actions.preset("tiny", 0)


def test_the_list_shows_what_the_presets_are() -> None:
    items = actions.presets()
    assert items[0]["name"] == "tiny"
    assert all(item["description"].endswith(".") for item in items)
