"""Settings: declared once, written whole, nothing of the user's lost."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from rave_gui.bootstrap import build
from rave_gui.errors import UserError
from rave_gui.paths import AppPaths
from rave_gui.settings import SCHEMA, Settings, Value


def test_every_default_is_valid_and_explained() -> None:
    assert {s.key for s in SCHEMA} >= {
        "theme",
        "text_scale",
        "default_project",
        "audio_device",
        "torch_build",
        "notify",
    }
    for setting in SCHEMA:
        assert setting.problem(setting.default) is None
        assert setting.label
        assert setting.help.endswith(".")


def test_values_are_kept_and_told(tmp_path: Path) -> None:
    path = tmp_path / "config" / "settings.json"
    settings = Settings.load(path)
    assert not path.exists()
    heard: list[tuple[str, Value]] = []
    stop = settings.listen(lambda key, value: heard.append((key, value)))
    settings.set("theme", "dark")
    settings.set("text_scale", 2)
    stop()
    settings.set("notify", False)
    assert heard == [("theme", "dark"), ("text_scale", 2.0)]
    again = Settings.load(path)
    assert (again.text("theme"), again.number("text_scale"), again.flag("notify")) == ("dark", 2.0, False)
    again.reset("theme")
    assert Settings.load(path).text("theme") == "system"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("theme", "pink"),
        ("theme", 3.0),
        ("text_scale", 9.0),
        ("text_scale", math.nan),
        ("text_scale", True),
        ("notify", "yes"),
    ],
)
def test_wrong_values_are_refused_with_a_sentence(tmp_path: Path, key: str, value: Value) -> None:
    settings = Settings.load(tmp_path / "settings.json")
    before = settings.get(key)
    with pytest.raises(UserError) as caught:
        settings.set(key, value)
    assert caught.value.code == "bad-setting"
    assert caught.value.message.endswith(".")
    assert settings.get(key) == before


def test_unknown_keys_and_other_writers_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"from_the_future": [1], "theme": "pink"}', encoding="utf-8")
    settings = Settings.load(path)
    assert settings.text("theme") == "system"
    assert "pink" in settings.problems[0]
    Settings.load(path).set("notify", False)  # another process
    settings.set("text_scale", 1.5)
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "from_the_future": [1], "theme": "pink", "notify": False, "text_scale": 1.5,
    }  # fmt: skip


def test_a_broken_file_is_set_aside_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"theme": "da', encoding="utf-8")
    settings = Settings.load(path)
    assert settings.text("theme") == "system"
    aside = list(tmp_path.glob("settings.json.broken-*"))
    assert len(aside) == 1
    assert aside[0].read_text(encoding="utf-8") == '{"theme": "da'
    assert aside[0].name in settings.problems[0]
    settings.set("theme", "light")
    assert Settings.load(path).problems == []


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    settings = Settings.load(tmp_path / "file" / "settings.json")
    with pytest.raises(UserError) as caught:
        settings.set("theme", "dark")
    assert caught.value.code == "settings"
    assert settings.text("theme") == "system"


def test_building_the_services_starts_nothing_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAVE_GUI_ENGINE", raising=False)
    root = tmp_path / "nobody"
    paths = AppPaths(root / "data", root / "config", root / "cache")
    services = build(paths)
    assert services.paths == paths
    assert services.settings.text("theme") == "system"
    assert services.engine.status().ready is False
    assert services.jobs.paths == paths
    assert not root.exists()
