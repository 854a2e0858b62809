"""A new run before it starts: starts, steps that wait for what they need, the engine's word, what was changed."""

from __future__ import annotations

from pathlib import Path

from rave_gui.training.checks import MemoryFacts
from rave_gui.training.schema import DatasetFacts, MachineFacts, ModelFacts
from rave_gui.viewmodels.newrun import DatasetItem, NewRunModel, Start, preset_starts
from rave_gui.viewmodels.newrun_advice import advice_of, trial_of

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
    assert model.problem("start")
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


def test_the_memory_is_that_of_the_device_which_is_chosen() -> None:
    """As the window looks at the computer: main memory and cards, not one number for both."""
    model = ready()
    assert model.device_memory == 0
    model.set_machine(MachineFacts(cuda=1, ram=24 << 30, cards=(8 << 30,), free_disk=1 << 40))
    assert model.device_memory == 8 << 30
    model.set_values({"device": "cpu"})
    assert model.device_memory == 24 << 30


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
    assert "already" in model.problem("review")
    model.set_name("drums 2")
    assert model.problem("review") == ""
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


def test_what_fits_is_taken_over_with_one_press_and_forgotten_when_sizes_change() -> None:
    model = ready()
    model.set_value("batch", 8)
    found = {
        "limit": 10 << 30,
        "fits": False,
        "batch": {"value": 3, "phase_1": 2 << 30, "phase_2": 8 << 30},
        "n_signal": None,
        "capacity": {"value": 48, "phase_1": 2 << 30, "phase_2": 9 << 30},
    }
    model.set_advising()
    model.set_advice(advice_of(found, model.values))
    assert model.advice is not None
    assert [dict(s.values) for s in model.advice.suggestions] == [{"batch": 3}, {"capacity": 48}]
    assert model.advice.suggestions[0].share == 0.8
    model.set_value("max_steps", 5000)
    assert model.advice is not None, "the memory does not depend on it"
    model.set_values(model.advice.suggestions[0].values)
    assert model.values["batch"] == 3
    assert model.advice is None


def test_a_trial_holds_until_the_step_changes() -> None:
    model = ready()
    model.set_values({"max_steps": 1000, "phase_1_duration": 400, "keep_last": 2, "save_every": 100})
    question = model.timed
    assert question is not None
    result = {
        "device": "cpu (2 threads)",
        "phase_1": {"seconds_per_step": 0.5, "peak_bytes": 10},
        "phase_2": {"seconds_per_step": 2.0, "peak_bytes": 20},
        "checkpoint_bytes": 1000,
    }
    model.set_trying(True)
    model.set_trial(trial_of(result, question))
    assert not model.trying
    assert model.trial_holds
    assert model.trial is not None
    assert model.trial.seconds(model.steps_of_phases) == (200.0, 1200.0)
    assert model.disk_bytes == 1000 * (2 + 4)
    model.set_value("max_steps", 2000)
    assert model.trial_holds, "a longer training takes steps of the same length"
    assert model.trial.seconds(model.steps_of_phases) == (200.0, 3200.0)
    model.set_value("batch", 2)
    assert not model.trial_holds


def test_a_run_is_compared_with_an_earlier_one_and_begins_later() -> None:
    model = ready()
    old = Start("run:old", "old", "", {"configs": ["v2"], "batch": 3, "max_steps": 3_000_000}, "voice")
    model.starts = [old]
    assert model.changes == []
    model.compare_with("run:old")
    assert "batch" in [c.key for c in model.changes]
    model.compare_with("")
    assert model.changes == []
    model.set_start_at(1.0)
    assert "passed" in model.problem("review")
    model.set_start_at(None)
    assert model.problem("review") == ""
