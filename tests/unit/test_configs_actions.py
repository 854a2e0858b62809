"""Own configurations, templates, trust and names: what needs no engine. The engine's answers are a stub's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rave_gui.bootstrap import Services, build
from rave_gui.cli.main import main
from rave_gui.configs import actions, catalogue, own
from rave_gui.configs.presets import PRESETS
from rave_gui.errors import UserError
from rave_gui.paths import AppPaths
from rave_protocol import stacks


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return build(AppPaths(tmp_path / "data", tmp_path / "config", tmp_path / "cache"))


def test_every_stock_name_has_words_and_figures() -> None:
    names = stacks.BASES | stacks.ADD_ONS
    assert names <= set(catalogue.CARDS)
    assert names == set(catalogue.figures())
    for name, found in catalogue.figures().items():
        assert found["phase_2_gib"] > found["phase_1_gib"] > 0, name
        if name in stacks.BASES:
            assert found["minimum_n_signal"] == stacks.SHORTEST_EXAMPLE[name]
    for preset in PRESETS:
        assert stacks.faults(preset.configs) == []
        whole = any("valid_signal_crop = False" in line for line in preset.overrides)
        assert preset.n_signal >= (24576 if whole else stacks.SHORTEST_EXAMPLE[preset.configs[0]])
    assert catalogue.memory_class(2.99) == "small"
    assert catalogue.memory_class(8.23) == "medium"
    assert catalogue.memory_class(19.9) == "huge"


def test_an_own_configuration_is_found_by_name_and_never_lost(services: Services, tmp_path: Path) -> None:
    first = actions.save_own(services, "wide", "CAPACITY = 128\n")
    assert actions.resolve(services, ["v2", "wide", "noise.gin"]) == ["v2", str(first), "noise"]
    with pytest.raises(UserError) as caught:
        actions.save_own(services, "wide", "CAPACITY = 64\n")
    assert caught.value.code == "name-taken"
    actions.save_own(services, "wide", "CAPACITY = 64\n", replace=True)
    history = list((first.parent / own.HISTORY).iterdir())
    assert [p.read_text() for p in history] == ["CAPACITY = 128\n"]
    project = tmp_path / "project"
    mine = actions.save_own(services, "wide2", "CAPACITY = 3\n", project=project)
    assert mine.parent == project / "configs"
    assert actions.resolve(services, ["wide2"], project) == [str(mine)]
    assert actions.resolve(services, ["wide2"]) == ["wide2"]
    gone = actions.remove_own(services, "wide")
    assert gone.read_text() == "CAPACITY = 64\n"
    assert not first.exists()
    for name in ("v2", "causal.gin"):
        with pytest.raises(UserError):
            actions.save_own(services, name, "x = 1\n", replace=True)
    with pytest.raises(UserError):
        actions.save_own(services, "../x", "x = 1\n")


def test_trust_ends_when_the_file_changes(services: Services, tmp_path: Path) -> None:
    path = tmp_path / "own.gin"
    path.write_text("import os\n")
    assert actions.trusted(services) == []
    actions.trust(services, path)
    assert actions.trusted(services) == [str(path)]
    path.write_text("import sys\n")
    assert actions.trusted(services) == []
    with pytest.raises(UserError):
        actions.trust(services, tmp_path / "none.gin")


def test_templates_come_back_and_travel_without_paths(services: Services, tmp_path: Path) -> None:
    fields = {
        **actions.preset("voice"),
        "dataset": "/secret",
        "resume": "/r",
        "clips": ["/somewhere/a.wav"],
        "ema": 0.999,
    }
    path = actions.save_template(services, "Choir", fields, "for the choir")
    assert "/secret" not in path.read_text()
    assert "/somewhere" not in path.read_text()
    found = actions.template(services, "Choir")
    assert found["description"] == "for the choir"
    assert found["fields"] == {k: v for k, v in fields.items() if k not in own.NOT_SHARED}
    other = tmp_path / "Shared.ravetemplate"
    other.write_text(path.read_text())
    actions.import_template(services, other)
    assert [t["name"] for t in actions.templates(services)] == ["Choir", "Shared"]
    other.write_text('{"format": 1, "training": {"batch": "many"}}')
    with pytest.raises(UserError) as caught:
        actions.import_template(services, other, replace=True)
    assert caught.value.code == "template-broken"
    (path.parent / "Newer.ravetemplate").write_text('{"format": 9}')
    assert [t.get("error", {}).get("code") for t in actions.templates(services)] == [
        None,
        "template-broken",
        None,
    ]
    actions.remove_template(services, "Choir")
    with pytest.raises(UserError):
        actions.template(services, "Choir")
    with pytest.raises(UserError) as caught:
        actions.save_template(services, "x", {"batch": "many"})
    assert caught.value.code == "bad-settings"


def test_the_engine_is_asked_for_what_was_meant(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    def bindings(value: str) -> dict[str, Any]:
        one = {"name": "CAPACITY", "resolved": value, "source": "v1", "line": 14}
        return {"bindings": [one, {"name": "same", "resolved": "1", "source": "v1", "line": 0}]}

    def answer(_services: Services, method: str, params: dict[str, Any]) -> dict[str, Any]:
        asked.append((method, params))
        if method == "estimate":
            return {"phase_1": 2**30, "phase_2": 2**31, "parameters": 5, "seconds": 0.1}
        return bindings(params["configs"][0])

    monkeypatch.setattr(actions, "_ask", answer)
    stack = actions.Stack.of({"configs": ["v1"], "batch": 4, "max_steps": 3})
    assert actions.estimate(services, stack)["phase_2_gib"] == 2.0
    assert asked[0][1]["batch"] == 4
    assert "texts" not in asked[0][1]
    changed = actions.diff(services, stack, actions.Stack(("v2",)))
    assert changed == [
        {"name": "CAPACITY", "before": "v1", "after": "v2", "before_source": "v1:14", "after_source": "v1:14"}
    ]


def test_own_things_are_taken_over_and_removed_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAVE_GUI_HOME", str(tmp_path / "home"))
    mine = tmp_path / "mine.gin"
    mine.write_text("CAPACITY = 8\n", encoding="utf-8")

    def call(*args: str, code: int = 0) -> dict[str, Any]:
        assert main(["config", *args, "--json"]) == code
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    call("save", "mine", str(mine))
    assert Path(call("remove", "mine")["path"]).read_text(encoding="utf-8") == "CAPACITY = 8\n"
    assert call("remove", "mine", code=3)["error"]["code"] == "config-missing"
    shared = call("template", "drums", "--from", "preset:tiny")["path"]
    assert call("template", "voices", "--import", shared)["name"] == "voices"
    kept = call("remove", "drums", "--template")["path"]
    assert [item["name"] for item in call("templates")["items"]] == ["voices"]
    copy = tmp_path / Path(shared).name
    copy.write_bytes(Path(kept).read_bytes())
    assert call("template", "--import", str(copy))["name"] == "drums"
    assert call("template", code=2)["error"]["code"] == "usage"
