"""N steps, then a resume, then M steps equal N + M steps without interruption: weights, optimisers, schedules, counters, randomness."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import make_dataset, tiny_params, train

from rave_engine import checkpoints
from rave_protocol.files import read_json


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("data") / "plucks", chunks=9)


def flatten(value: Any, where: str = "") -> dict[str, Any]:
    """Every leaf of nested dictionaries and lists by its path."""
    if isinstance(value, dict):
        return {k2: v2 for k, v in value.items() for k2, v2 in flatten(v, f"{where}/{k}").items()}
    if isinstance(value, (list, tuple)):
        return {k2: v2 for i, v in enumerate(value) for k2, v2 in flatten(v, f"{where}/{i}").items()}
    return {where: value}


def assert_same_state(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Equal to the last bit, but for what names the run itself (folder, resume, steps asked for), and for the count and the best
    of its validations: a training that ends is validated once more than one that goes on.
    """
    a, b = flatten(first), flatten(second)
    for state in (a, b):
        for key in [
            k for k in state if k.startswith(("/rave_gui/params/", "/rave_gui/eval", "/rave_gui/best"))
        ]:
            del state[key]
    assert a.keys() == b.keys()
    for key, value in a.items():
        same = torch.equal(value, b[key]) if isinstance(value, torch.Tensor) else value == b[key]
        assert same, key


@pytest.mark.parametrize(
    ("cut", "changes"),
    [
        pytest.param(3, {"ema": 0.9}, id="phase 1, with EMA"),
        pytest.param(6, {}, id="phase 2, in the middle of an epoch"),
        pytest.param(5, {"workers": 2}, id="two loader workers"),
    ],
)
def test_resumed_equals_uninterrupted(
    tmp_path: Path, dataset: Path, cut: int, changes: dict[str, Any]
) -> None:
    common = {"max_steps": 9, "val_every": 4, "overrides": TINY_SHORT, **changes}
    whole, _ = train(tmp_path, tiny_params(dataset, tmp_path / "whole", **common), "j0")
    first, _ = train(tmp_path, tiny_params(dataset, tmp_path / "parts", **{**common, "max_steps": cut}), "j1")
    second, _ = train(
        tmp_path, tiny_params(dataset, tmp_path / "parts", resume=first["checkpoint"], **common), "j2"
    )
    assert (first["version"], second["version"]) == ("version_0", "version_1")
    assert second["step"] == 9
    assert_same_state(checkpoints.load(whole["checkpoint"]), checkpoints.load(second["checkpoint"]))


TINY_SHORT = ["CAPACITY = 2", "LATENT_SIZE = 4", "PHASE_1_DURATION = 5"]


def test_resume_leaves_the_old_version_as_it_was(tmp_path: Path, dataset: Path) -> None:
    run = tmp_path / "run"
    first, _ = train(tmp_path, tiny_params(dataset, run, max_steps=4, save_every=1, keep_last=0), "j1")
    before = {p: p.read_bytes() for p in sorted(run.rglob("*")) if p.is_file()}
    other = tmp_path / "elsewhere"
    train(
        tmp_path, tiny_params(dataset, other, resume=str(run), max_steps=7, save_every=1, keep_last=1), "j2"
    )
    train(tmp_path, tiny_params(dataset, run, resume=first["checkpoint"], max_steps=6, keep_last=1), "j3")
    for path, data in before.items():
        assert path.read_bytes() == data, path
    assert (other / "config.gin").read_bytes() == (run / "config.gin").read_bytes()
    assert read_json(run / "version_1" / "split.json") == read_json(run / "version_0" / "split.json")
    kept = sorted(p.name for p in (other / "version_0" / "checkpoints").glob("step_*"))
    assert kept == ["step_00000006.ckpt", "step_00000007.ckpt"]


def test_a_retried_job_goes_on_where_the_first_attempt_was_killed(tmp_path: Path, dataset: Path) -> None:
    run = tmp_path / "run"
    train(tmp_path, tiny_params(dataset, run, max_steps=3), "first")
    result, _ = train(tmp_path, tiny_params(dataset, run, max_steps=5), "second", retry_of="first")
    state = checkpoints.load(result["checkpoint"])
    assert result["step"] == 5
    assert result["version"] == "version_1"
    assert state["rave_gui"]["params"]["resume"].endswith("step_00000003.ckpt")


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path, dataset: Path) -> None:
    from rave_engine.errors import EngineError

    first, _ = train(tmp_path, tiny_params(dataset, tmp_path / "run", max_steps=1), "j1")
    config = tmp_path / "run" / "config.gin"
    config.write_text(config.read_text().replace("LATENT_SIZE = 4", "LATENT_SIZE = 5"))
    with pytest.raises(EngineError) as caught:
        train(tmp_path, tiny_params(dataset, tmp_path / "run", resume=first["checkpoint"]), "j2")
    assert caught.value.code == "checkpoint-mismatch"
