"""The library of configurations, and a stack taken apart, with the engine's recorded answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers.configs import BAD_OWN, OWN, Answers

from rave_gui.configs.actions import _described
from rave_gui.viewmodels import compose
from rave_gui.viewmodels.compose import ComposeModel, suggest
from rave_gui.viewmodels.configs import KINDS, ConfigsModel, accepts, facts, item, memory_words, remarks


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    return Answers(tmp_path)


@pytest.fixture
def model(answers: Answers) -> ConfigsModel:
    made = ConfigsModel()
    made.set_items([_described(entry) for entry in answers.found["index"]["items"]])
    return made


def test_own_ones_come_first_and_everything_can_be_found(model: ConfigsModel) -> None:
    assert len(model.items) == 25
    assert model.items[0].name == OWN
    assert model.items[1].kind == "architecture"
    model.set_filter(search="playing delay")
    assert [row.name for row in model.shown] == ["causal"]
    model.set_filter(search="LATENT_SIZE", kind="addons")
    assert {row.name for row in model.shown} == {"wasserstein", "spherical"}
    counted = [sum(accepts(kind, row) for row in model.items) for kind in KINDS]
    assert counted[0] == sum(counted[1:])
    model.choose(model.items[3].path)
    assert model.item is model.items[3]
    model.set_items([])
    assert model.item is None


def test_needs_and_conflicts_are_said(model: ConfigsModel) -> None:
    said = {row.name: " ".join(remarks(row, model.items)) for row in model.items}
    assert "v2 family" in said["noise"]
    assert "Spherical" in said["wasserstein"]
    assert "Discrete" in said["spherical"]
    assert "Builds on v1" in said["v2"]
    assert "98,304" in said["v2"]
    assert dict(facts(next(row for row in model.items if row.name == "v2")))["Latents"] == "128"
    assert memory_words("small")
    assert memory_words(None) == ""
    assert item({"name": "x", "origin": "own", "path": "x.gin", "kind": "other", "stranger": 1}).own


def test_a_stack_is_taken_apart(answers: Answers) -> None:
    model = ComposeModel()
    model.set_stack(["v2", "causal"], ["# mine", "", "CAPACITY = 48"])
    assert list(model.stack.overrides) == ["CAPACITY = 48"]
    model.set_answer(answers.found["preview"], answers.found["check"])
    rows = {row.name: row for row in model.bindings}
    capacity = rows["CAPACITY"]
    assert (capacity.value, capacity.line, capacity.changed) == ("48", 3, True)  # the third line of the text
    assert [value for value, _place in capacity.history] == ["64", "96", "48"]
    model.set_filter(show="changed")
    assert "CAPACITY" in {row.name for row in model.shown}
    assert all(row.changed for row in model.shown)
    model.set_filter(show="unused")
    assert model.shown
    assert all(row.used is False for row in model.shown)
    model.set_filter(show="all", search="capacity v2")
    assert model.shown
    assert model.facts["latent_size"] == 128
    assert model.findings == []


def test_faults_stand_at_the_line_of_the_text(answers: Answers) -> None:
    model = ComposeModel()
    model.set_stack(["v2", "causal"], ["CAPACITY = 48", "# a slip of the pen", "LATENT_SIZ = 4"])
    model.set_answer({"bindings": []}, answers.found["check_lines"])
    (found,) = model.findings
    assert (found.severity, found.code, found.line) == ("error", "unknown-override", 3)
    assert "line 3" in found.place
    model.set_refusal("No.", "Do this.", "untrusted-config")
    assert [f.code for f in model.findings] == ["untrusted-config"]


def test_stacks_are_edited() -> None:
    model = ComposeModel()
    assert model.add("noise")
    assert not model.add("noise")
    assert model.add("v1")
    assert model.configs == ["v1", "noise"]  # a model takes the place of the model
    assert [fault.code for fault in model.faults] == ["needs-v2"]
    model.add("causal")
    model.move("causal", -1)
    model.remove("noise")
    assert model.configs == ["v1", "causal"]
    model.set_augmentation("mute", True)
    assert model.fields == {"configs": ["v1", "causal"], "overrides": [], "augmentations": ["mute"]}
    model.set_augmentation("mute", False)
    assert model.augmentations == []


def test_completion_in_a_gin_file(answers: Answers) -> None:
    words = answers.found["vocabulary"]
    names = ["v1", "v2"]

    def offered(text: str) -> list[str]:
        return suggest(text, words, names)[1]

    assert "blocks.EncoderV2" in offered("blocks.Enc")
    assert offered("blocks.EncoderV2.ada") == ["blocks.EncoderV2.adain"]
    assert offered("EncoderV2.ada") == ["EncoderV2.adain"]
    assert offered("CAP") == ["CAPACITY"]
    assert offered("CAPACITY = %LAT") == ["%LATENT_SIZE"]
    assert "@blocks.EncoderV2" in offered("x.encoder = @blocks.Enc")
    assert offered("include 'v2") == ["configs/v2.gin"]
    assert offered("# CAP") == []
    assert offered("") == []
    assert suggest("x = CAP", words, names)[0] == 4
    assert suggest("", words, names, asked=True)[1]


def test_an_own_file_is_checked_with_its_unsaved_text(answers: Answers) -> None:
    stack, texts = compose.check_stack("/mine.gin", BAD_OWN, "v2")
    assert (list(stack.configs), texts) == (["v2", "/mine.gin"], {"/mine.gin": BAD_OWN})
    assert list(compose.check_stack("/mine.gin", "", "")[0].configs) == ["/mine.gin"]
    found = [
        compose.finding(data) for data in answers("", "check", {"texts": texts, "overrides": []})["findings"]
    ]
    assert {(f.line, f.code) for f in found} == {(6, "wrong-type"), (7, "unknown-parameter")}
    assert {f.file for f in found} == {"/mine.gin"}
