"""The parameters of a training: one declaration, values to TrainParams and back, and the checks of a whole set."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import pytest

from rave_gui.cli.console import Console, guarded
from rave_gui.cli.main import root
from rave_gui.configs import actions as configs
from rave_gui.configs.presets import PRESETS
from rave_gui.errors import UserError
from rave_gui.training import checks
from rave_gui.training.parameters import (
    GROUPS,
    PARAMETERS,
    defaults,
    diff,
    from_fields,
    parameter,
    problems,
    to_fields,
)
from rave_gui.training.schema import DatasetFacts, MachineFacts, ModelFacts
from rave_gui.viewmodels import newrun_facts
from rave_protocol import stacks
from rave_protocol.codec import decode, encode
from rave_protocol.specs import TrainParams

NOT_PARAMETERS = {"dataset", "run", "resume", "trusted"}
V2 = ModelFacts(44100, 128, 2048, 1, "VariationalEncoder", 1_000_000, 30_000_000, 98304)
HOURS = DatasetFacts(
    chunks=2000, samples=262144, sample_rate=44100, channels=1, seconds=2000 * 262144 / 44100
)


def test_every_field_of_a_training_is_declared_once_with_its_own_default() -> None:
    fields = {f.name: f for f in dataclasses.fields(TrainParams)}
    direct = {item.key for item in PARAMETERS if not item.binding}
    assert direct == set(fields) - NOT_PARAMETERS
    made = TrainParams("", "", "")
    for item in PARAMETERS:
        if not item.binding:
            assert encode(item.default) == encode(getattr(made, item.key)), item.key
    assert len({item.key for item in PARAMETERS}) == len(PARAMETERS)
    assert {item.group for item in PARAMETERS} == {group.key for group in GROUPS}


@pytest.mark.parametrize("item", PARAMETERS, ids=lambda item: item.key)
def test_declarations_are_complete_and_their_defaults_and_offers_allowed(item: Any) -> None:
    assert item.label
    assert item.help.endswith(".")
    assert item.problem(item.default) is None
    offers = [[value] for value in item.usual] if item.kind in ("names", "paths") else item.usual
    for value in offers:
        assert item.problem(value) is None, value
    if item.minimum is not None and item.kind != "pair":
        assert item.problem(item.minimum - 1)
    if item.maximum is not None and item.kind == "int":
        assert item.problem(item.maximum + 1)
    assert item.problem(object())


def test_values_become_fields_and_come_back() -> None:
    values = {
        **defaults(),
        "configs": ["v2", "causal"],
        "capacity": 16,
        "phase_1_duration": 5000,
        "beta_target": 0.05,
        "rand_pitch": [0.9, 1.1],
        "overrides": ["NOISE_AUGMENTATION = 3", "  "],
    }
    fields = to_fields(values)
    assert fields["overrides"] == [
        "CAPACITY = 16",
        "PHASE_1_DURATION = 5000",
        "BetaWarmupCallback.target_value = 0.05",
        "NOISE_AUGMENTATION = 3",
    ]
    params = decode(TrainParams, {**fields, "dataset": "/d", "run": "/r", "name": "n"})
    assert params.rand_pitch == (0.9, 1.1)
    again = from_fields(encode(params))
    assert again == {**values, "name": "n", "overrides": ["NOISE_AUGMENTATION = 3"]}


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_presets_are_made_of_declared_parameters(preset: Any) -> None:
    fields = preset.train_fields()
    assert set(fields) <= {item.key for item in PARAMETERS}
    values = from_fields(fields)
    assert problems(values) == {}
    back = to_fields(values)
    assert sorted(back["overrides"]) == sorted(fields["overrides"])
    assert {key: back[key] for key in fields if key != "overrides"} == {
        key: value for key, value in fields.items() if key != "overrides"
    }


def test_the_last_override_wins_and_what_is_odd_stays_as_it_is() -> None:
    lines = ["CAPACITY = 8", "CAPACITY = 16", "CAPACITY = %OTHER", "LATENT_SIZE = -3"]
    values = from_fields({"overrides": lines})
    assert values["capacity"] == 16
    assert values["latent_size"] is None
    assert values["overrides"] == ["CAPACITY = %OTHER", "LATENT_SIZE = -3"]


def test_unknown_and_impossible_values_are_named() -> None:
    assert set(problems({"batch": 0, "colour": 1, "seed": True, "channels": 1.5})) == {
        "batch",
        "colour",
        "seed",
        "channels",
    }
    assert problems({"rand_pitch": [1.2, 0.8]})
    assert problems({"augmentations": ["reverb"]})
    with pytest.raises(UserError) as caught:
        to_fields({"batch": 0})
    assert caught.value.code == "bad-settings"
    with pytest.raises(UserError):
        parameter("colour")


def test_diff_names_what_changed_in_the_order_of_the_form() -> None:
    changes = diff({"batch": 4}, {"batch": 8, "configs": ["v1"], "rand_pitch": (1.0, 2.0)})
    assert [(c.key, c.before, c.after) for c in changes] == [
        ("configs", ["v2"], ["v1"]),
        ("rand_pitch", None, (1.0, 2.0)),
        ("batch", 4, 8),
    ]
    assert diff({"rand_pitch": [1, 2]}, {"rand_pitch": (1, 2)}) == []


def codes(values: dict[str, Any], **facts: Any) -> set[str]:
    return {finding.code for finding in checks.check(values, **facts)}


def test_a_sound_choice_raises_no_finding() -> None:
    machine = MachineFacts(cuda=1, device_bytes=24 << 30, free_disk=10**12, cores=8)
    memory = checks.MemoryFacts(3 << 30, 8 << 30)
    assert checks.check(defaults(), dataset=HOURS, model=V2, machine=machine, memory=memory) == []


@pytest.mark.parametrize(
    ("values", "facts", "code"),
    [
        ({"n_signal": 65536}, {}, "n-signal-short"),
        ({"n_signal": 65536}, {"model": V2}, "n-signal-short"),
        ({"n_signal": 131000}, {"model": V2}, "n-signal-ratio"),
        ({"n_signal": 524288}, {"dataset": HOURS, "model": V2}, "n-signal-long"),
        ({"channels": 2}, {"dataset": HOURS}, "channels"),
        ({}, {"dataset": dataclasses.replace(HOURS, sample_rate=48000), "model": V2}, "rates"),
        ({}, {"dataset": dataclasses.replace(HOURS, chunks=0)}, "dataset-empty"),
        ({}, {"dataset": dataclasses.replace(HOURS, chunks=1)}, "one-chunk"),
        ({"batch": 8}, {"dataset": dataclasses.replace(HOURS, chunks=8)}, "few-chunks"),
        ({"holdout": 1}, {"dataset": dataclasses.replace(HOURS, chunks=40), "model": V2}, "few-validation"),
        ({}, {"dataset": dataclasses.replace(HOURS, seconds=300.0)}, "short-dataset"),
        ({"max_steps": 1000}, {"model": V2}, "no-phase-2"),
        ({"val_every": 10**7}, {}, "never-heard"),
        ({"fast_distance": True}, {}, "fast-rests"),
        ({"compile": True, "exact": False, "device": "cpu"}, {}, "compile-on-cpu"),
        ({"fused_adam": True, "exact": False, "device": "cpu"}, {}, "fused-adam-on-cpu"),
        ({"device": "cuda:3"}, {"machine": MachineFacts(cuda=1)}, "no-device"),
        ({"workers": 9}, {"machine": MachineFacts(cores=4)}, "many-workers"),
        ({"keep_last": 0}, {"model": V2, "machine": MachineFacts(free_disk=10**10)}, "disk"),
        ({"batch": -1}, {}, "bad-value"),
    ],
)
def test_what_is_known_to_fail_is_found_and_its_fix_settles_it(
    values: dict[str, Any], facts: dict[str, Any], code: str
) -> None:
    found = [finding for finding in checks.check(values, **facts) if finding.code == code]
    assert len(found) == 1, codes(values, **facts)
    assert found[0].message.endswith(".")
    if found[0].fix:
        assert code not in codes({**values, **found[0].fix}, **facts) or code == "disk"


def test_memory_near_and_beyond_the_device() -> None:
    machine = MachineFacts(cuda=1, device_bytes=8 << 30)
    memory = checks.MemoryFacts(int(7.5 * 2**30), 9 << 30)
    found = {f.code: f.severity for f in checks.check(defaults(), machine=machine, memory=memory)}
    assert found == {"memory-phase-1": "warning", "memory-phase-2": "error"}


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        (["v2"], []),
        (["v2", "causal", "noise", "wasserstein"], []),
        (["v2", "hybrid"], []),
        (["v1", "causal"], []),
        (["/somewhere/own.gin"], []),
        (["/somewhere/own.gin", "noise"], []),
        ([], ["empty"]),
        (["spherical"], ["no-base"]),
        (["v1", "wasserstein"], ["needs-v2"]),
        (["causal", "v2"], ["order"]),
        (["v1", "v2"], ["two-bases"]),
        (["v2", "spherical", "wasserstein"], ["two-encoders"]),
        (["discrete", "spherical"], ["discrete-encoder"]),
        (["v3", "spectral_discriminator"], ["two-discriminators"]),
        (["v2", "noise", "noise"], ["twice"]),
    ],
)
def test_stacks(stack: list[str], expected: list[str]) -> None:
    faults = stacks.faults(stack)
    assert [fault.code for fault in faults] == expected
    for fault in faults:
        assert fault.code not in {f.code for f in stacks.faults(fault.fixed)}


def test_the_reference_in_the_guide_is_up_to_date() -> None:
    from tools import parameter_docs

    assert parameter_docs.TARGET.read_text(encoding="utf-8") == parameter_docs.page(), (
        "run: python -m tools.parameter_docs"
    )


@pytest.mark.parametrize(
    ("device", "cuda", "gib"),
    [
        ("auto", 2, 8),
        ("auto", 0, 64),
        ("cpu", 2, 64),
        ("cuda", 2, 8),
        ("cuda:1", 2, 24),
        ("cuda:7", 2, 0),
        ("mps", 0, 0),
    ],
)
def test_memory_is_that_of_the_chosen_device(device: str, cuda: int, gib: int) -> None:
    machine = MachineFacts(cuda=cuda, ram=64 << 30, cards=(8 << 30, 24 << 30))
    assert machine.memory_of(device) == gib << 30
    memory = checks.MemoryFacts(20 << 30, 20 << 30)
    found = checks.check({**defaults(), "device": device}, machine=machine, memory=memory)
    assert any(f.code.startswith("memory") for f in found) == (gib == 8)


def test_an_estimate_looks_at_this_computer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RAVE_GUI_HOME", str(tmp_path / "home"))
    need = {
        "phase_1": 9 << 30,
        "phase_2": 9 << 30,
        "phase_1_gib": 9.0,
        "phase_2_gib": 9.0,
        "parameters": 1,
        "seconds": 0.1,
    }
    facts = {
        "sample_rate": 44100,
        "latent_size": 16,
        "ratio": 2048,
        "channels": 1,
        "encoder": "x",
        "phase_1_steps": 9,
        "parameters": 1,
    }
    asked = []
    monkeypatch.setattr(configs, "estimate", lambda *_: need)
    monkeypatch.setattr(configs, "validate", lambda *_, **__: {"facts": facts})
    monkeypatch.setattr(configs, "recommend", lambda *args: asked.append(args[2]))
    here = MachineFacts(ram=8 << 30, cores=64)
    monkeypatch.setattr(newrun_facts, "machine", lambda *_: here)

    def codes(*args: str) -> set[str]:
        output = io.StringIO()
        assert guarded(Console(json=True, out=output), root, ["train", "estimate", "--json", *args]) == 0
        return {item["code"] for item in json.loads(output.getvalue())["findings"]}

    assert {"memory-phase-1", "memory-phase-2"} <= codes("--n-signal", "131072")
    assert asked == [8 << 30]
    assert "n-signal-ratio" in codes("--n-signal", "100001")
    assert not {"memory-phase-1"} & codes("--memory", "80")
    refused = {"code": "bad-n-signal", "severity": "error", "message": "It does not fit.", "hint": ""}
    monkeypatch.setattr(configs, "validate", lambda *_, **__: {"facts": None, "findings": [refused]})
    assert "bad-n-signal" in codes("--memory", "80")
