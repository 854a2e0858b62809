"""N steps, then a resume, then M steps equal N + M steps without interruption: weights, optimisers, schedules, counters, randomness."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import make_dataset, tiny_params, train

from rave_engine import checkpoints
from rave_engine.compat import extension
from rave_engine.training import memory
from rave_protocol import events
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
    """Equal to the last bit, but for what names the run itself (folder, resume, steps asked for), for its memory, and for the count and the
    best of its validations: a training that ends is validated once more than one that goes on.
    """
    a, b = flatten(first), flatten(second)
    for state in (a, b):
        for key in [
            k
            for k in state
            if k.startswith(("/rave_gui/params/", "/rave_gui/eval", "/rave_gui/best", "/rave_gui/memory"))
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
        pytest.param(6, {"workers": 2}, id="phase 2, in the middle of an epoch, with two loader workers"),
    ],
)
def test_resumed_equals_uninterrupted(
    tmp_path: Path, dataset: Path, cut: int, changes: dict[str, Any]
) -> None:
    common = {"max_steps": 9, "val_every": 4, "overrides": TINY_SHORT, **changes}
    alone = {**common, "workers": 0}  # the loader's workers must not matter
    whole, _ = train(tmp_path, tiny_params(dataset, tmp_path / "whole", **alone), "j0")
    first, _ = train(tmp_path, tiny_params(dataset, tmp_path / "parts", **{**common, "max_steps": cut}), "j1")
    second, _ = train(
        tmp_path, tiny_params(dataset, tmp_path / "parts", resume=first["checkpoint"], **common), "j2"
    )
    assert (first["version"], second["version"]) == ("version_0", "version_1")
    assert second["step"] == 9
    assert_same_state(checkpoints.load(whole["checkpoint"]), checkpoints.load(second["checkpoint"]))


TINY_SHORT = ["CAPACITY = 2", "LATENT_SIZE = 4", "PHASE_1_DURATION = 5"]

FAMILIES: dict[str, tuple[list[str], list[str], list[str], int]] = {
    # what changes on the way: (stack, overrides, augmentations, the step at which it is cut)
    "beta grows, examples vary": (
        ["v2"],
        ["BetaWarmupCallback.initial_value = 0.01", "BetaWarmupCallback.warmup_len = 7"],
        ["gain", "mute"],
        3,
    ),
    "quantisation begins after the cut": (
        ["discrete"],
        [
            "NUM_QUANTIZERS = 2",
            "CODEBOOK_SIZE = 16",
            "NOISE_AUGMENTATION = 4",
            "RAVE.warmup_quantize = 4",
        ],
        [],
        3,
    ),
    "quantisation and phase 2 are under way": (
        ["discrete"],
        ["NUM_QUANTIZERS = 2", "CODEBOOK_SIZE = 16", "NOISE_AUGMENTATION = 4"],
        [],
        6,
    ),
    "wasserstein in phase 2": (["v2", "wasserstein"], ["NOISE_AUGMENTATION = 4"], [], 6),
    "spherical in phase 2": (["v2", "spherical"], [], [], 7),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_familys_schedule_goes_on(tmp_path: Path, dataset: Path, family: str) -> None:
    stack, overrides, augmentations, cut = FAMILIES[family]
    common = {
        "configs": stack,
        "overrides": [*TINY_SHORT, "RAVE.valid_signal_crop = False", *overrides],
        "augmentations": augmentations,
        "max_steps": 8,
        "batch": 1,
        "log_every": 1,
    }
    whole, seen = train(tmp_path, tiny_params(dataset, tmp_path / "whole", **common), "j0")
    first, _ = train(tmp_path, tiny_params(dataset, tmp_path / "parts", **{**common, "max_steps": cut}), "j1")
    second, after = train(
        tmp_path, tiny_params(dataset, tmp_path / "parts", resume=first["checkpoint"], **common), "j2"
    )
    assert_same_state(checkpoints.load(whole["checkpoint"]), checkpoints.load(second["checkpoint"]))
    assert logged(after) == {step: values for step, values in logged(seen).items() if step >= cut}


def logged(seen: list[Any]) -> dict[int, dict[str, float]]:
    """What each step logged: losses, beta, learning rates."""
    return {e.step: e.values for e in seen if isinstance(e, events.Metric) and "learning_rate" in e.values}


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
    assert kept == ["step_00000007.ckpt"]


def test_the_most_memory_of_all_sessions_is_told(
    tmp_path: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process's own peak here; what an earlier session took counts, unless it was counted on another kind of device."""
    common = {"overrides": TINY_SHORT, "max_steps": 2}
    first, _ = train(tmp_path, tiny_params(dataset, tmp_path / "run", **common), "j1")
    assert first["memory_of"] == "process"
    assert first["peak_memory"] > 50 * 2**20  # torch alone takes more
    assert checkpoints.load(first["checkpoint"])["rave_gui"]["memory"]["peak_memory"] > 50 * 2**20

    monkeypatch.setattr(memory, "_resident", lambda: 7)
    more = {**common, "max_steps": 3, "resume": first["checkpoint"]}
    second, _ = train(tmp_path, tiny_params(dataset, tmp_path / "run", **more), "j2")
    assert 50 * 2**20 < second["peak_memory"] <= first["peak_memory"]
    other = {"peak_memory": 5, "memory_of": "device"}
    assert memory.higher({"peak_memory": 3, "memory_of": "process"}, other)["peak_memory"] == 3


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


LAUNCH = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("guard", sys.argv[1])
guard = importlib.util.module_from_spec(spec)
spec.loader.exec_module(guard)
guard.apply()
sys.argv = ["rave", "train", *sys.argv[2:]]
from scripts import main_cli
main_cli.main()
"""


@pytest.mark.slow
def test_upstream_resumes_our_run_and_we_resume_upstreams(tmp_path: Path, dataset: Path) -> None:
    """``rave train --ckpt OURS`` with the real Lightning goes on at our step; its checkpoint goes on here."""
    ours, _ = train(tmp_path, tiny_params(dataset, tmp_path / "ours", max_steps=6), "j1")
    arguments = {
        "--db_path": dataset, "--out_path": tmp_path / "up", "--name": "u", "--channels": 1, "--gpu": -1,
        "--n_signal": 32768, "--batch": 2, "--workers": 0, "--max_steps": 8, "--val_every": 3, "--save_every": 2,
        "--ckpt": tmp_path / "ours",
    }  # fmt: skip
    guard = Path(extension.__file__)
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            LAUNCH,
            str(guard),
            *(str(a) for p in arguments.items() for a in p),
        ],
        capture_output=True,
        text=True,
        timeout=280,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    made = sorted((tmp_path / "up").rglob("epoch_*.ckpt"))
    assert [p.name for p in made] == ["epoch_2.ckpt"], "two batches from our step 6 to 8"
    theirs = checkpoints.load(made[0])
    assert theirs["global_step"] == 8
    assert theirs["callbacks"]["WarmupCallback"]["training_steps"] == 8
    moved = [
        not torch.equal(value, theirs["state_dict"][key])
        for key, value in checkpoints.load(ours["checkpoint"])["state_dict"].items()
        if key.startswith("decoder") and value.dtype.is_floating_point
    ]
    assert any(moved)
    back, _ = train(
        tmp_path, tiny_params(dataset, tmp_path / "back", max_steps=10, resume=str(made[0])), "j2"
    )
    final = checkpoints.load(back["checkpoint"])
    assert final["global_step"] == 10
    assert final["lr_schedulers"][0]["last_epoch"] == 10, "upstream's own resume lags a tick; ours catches up"
    assert {name: state["training_steps"] for name, state in final["callbacks"].items()} == {
        "WarmupCallback": 10,
        "QuantizeCallback": 10,
        "BetaWarmupCallback": 10,
    }
