"""What a user can do with configurations: see the presets, take one."""

from __future__ import annotations

from typing import Any

from rave_gui.configs.presets import PRESETS, get_preset


def presets() -> list[dict[str, Any]]:
    """Every preset as a JSON object: name, label, description, configs, steps, batch, n_signal."""
    return [preset.to_json() for preset in PRESETS]


def preset(name: str, steps: int | None = None) -> dict[str, Any]:
    """Fields of ``TrainParams`` for one preset and a number of steps. Raises ``UserError``: preset-unknown, bad-steps."""
    return get_preset(name).train_fields(steps)


def preset_dataset(name: str) -> dict[str, Any]:
    """Fields of ``DatasetParams`` for one preset. Raises ``UserError``: preset-unknown."""
    return get_preset(name).dataset_fields()
