"""A new run before it starts: starts, steps that wait for what they need, the engine's word, what was changed."""

from __future__ import annotations

from pathlib import Path

from rave_gui.training.checks import MemoryFacts
from rave_gui.training.schema import DatasetFacts, MachineFacts, ModelFacts
from rave_gui.viewmodels.newrun import DatasetItem, NewRunModel, Start, preset_starts

VOICE = DatasetItem("voice", Path("/d/voice"), DatasetFacts(500, 262144, 44100, 1, 3000.0))
BROKEN = DatasetItem("broken", Path("/d/broken"), DatasetFacts(0, 0, 0, 0, 0.0), "It has no sound in it.")
MODEL = ModelFacts(44100, 128, 2048, 1, "VariationalEncoder", 1_000_000, 58_000_000)


def ready() -> NewRunModel:
    model = NewRunModel()
    model.set_datasets([VOICE, BROKEN])
    model.choose_start(next(s for s in preset_starts() if s.key == "preset:v2"))
    return model


def test_each_step_waits_for_what_it_needs() -> None:
    model = NewRunModel()
    assert not model.next()
    assert model.blocked("start")
    model.choose_start(preset_starts()[0])
    assert model.next()
    assert model.step == "dataset"
    assert not model.next()
    model.set_datasets([VOICE, BROKEN])
    assert model.dataset == "voice", "the only one that can be used is chosen by itself"
    model.choose_dataset("broken")
    assert not model.next()
    model.choose_dataset("voice")
    assert model.next()
    assert not model.go("model"), "it is shown already"
    assert model.may_go("review")


def test_architecture_and_add_ons_keep_their_order() -> None:
    model = ready()
    model.set_add_on("causal", on=True)
    model.set_add_on("noise", on=True)
    model.choose_base("v2_small")
    assert model.values["configs"] == ["v2_small", "causal", "noise"]
    assert (model.base, model.add_ons) == ("v2_small", ["causal", "noise"])
    model.set_add_on("causal", on=False)
    assert model.values["configs"] == ["v2_small", "noise"]
    model.choose_base("v1")
    assert any(f.code == "stack-needs-v2" for f in model.findings)


def test_wrong_values_stop_and_fixes_settle() -> None:
    model = ready()
    model.go("settings")
    model.set_value("batch", "many")
    assert "batch" in model.problems
    assert model.question is None, "the engine is not asked about what cannot be"
    assert not model.next()
    model.set_value("batch", 8)
    assert model.question is not None
    model.set_value("n_signal", 65536)
    known = [f for f in model.findings if "n_signal" in f.keys and f.fix]
    assert known
    model.set_values(known[0].fix)
    assert not [f for f in model.errors if "n_signal" in f.keys]


def test_the_engine_says_what_fits() -> None:
    model = ready()
    told: list[str] = []
    model.changed.connect(told.append)
    model.set_machine(MachineFacts(cuda=1, device_bytes=8 << 30, free_disk=1 << 40))
    model.set_asking()
    assert model.asking
    model.set_facts(MODEL, MemoryFacts(3 << 30, 12 << 30))
    assert not model.asking
    assert [f for f in model.findings if f.code.startswith("memory")], "12 GiB do not fit into 8"
    model.set_refusal("The gin file is broken.", "Look at line 3.")
    assert model.model is None
    assert model.refusal == ("The gin file is broken.", "Look at line 3.")
    assert set(told) == {"facts"}


def test_what_was_changed_is_known_and_names_are_taken_once() -> None:
    model = ready()
    assert model.changes == []
    model.set_value("capacity", 32)
    assert [c.key for c in model.changes] == ["capacity"]
    model.taken = frozenset({"drums"})
    model.set_name("Drums")
    assert "already" in model.blocked("review")
    model.set_name("drums 2")
    assert model.blocked("review") == ""
    assert "CAPACITY = 32" in model.fields()["overrides"]


def test_like_an_earlier_run() -> None:
    model = NewRunModel()
    model.set_datasets([VOICE])
    model.dataset = ""
    start = Start(
        "run:old",
        "old",
        "",
        {"configs": ["v1"], "batch": 3, "max_steps": 500, "run": "/x", "name": "old"},
        "voice",
    )
    model.choose_start(start)
    assert model.values["configs"] == ["v1"]
    assert model.values["name"] == ""
    assert model.dataset == "voice"
    assert model.steps_of_phases == (500, 0)
    model.set_value("phase_1_duration", 200)
    assert model.steps_of_phases == (200, 300)
