"""Languages: which one is taken, plural forms, places filled in after translation, and who speaks it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rave_gui.i18n import PSEUDO, VARIABLE, language, languages, tr, trn, use_language
from rave_gui.settings import Settings, speak


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    use_language("en")


def test_french_is_there_with_its_plurals() -> None:
    assert languages()[:2] == ["en", "fr"]
    assert use_language("fr") == "fr"
    assert tr("Datasets") == "Jeux de données"
    assert trn("{n} job", "{n} jobs", 0) == "0 tâche", "in French nothing is singular"
    assert trn("{n} job", "{n} jobs", 2) == "2 tâches"
    assert tr("Dataset {name}", name="{n} voix") == "Jeu de données {n} voix", (
        "what is filled in is left alone"
    )


def test_a_language_nobody_translated_is_english() -> None:
    assert use_language("tlh") == "en"
    assert tr("Datasets") == "Datasets"


def test_the_systems_language_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "tlh:fr_CA.UTF-8")
    assert use_language("system") == "fr"
    monkeypatch.setenv("LANGUAGE", "C")
    monkeypatch.setenv("LC_ALL", "de_DE")
    assert use_language("system") == "en"


def test_places_stay_whole_in_the_pseudo_language() -> None:
    use_language(PSEUDO)
    text = tr("There is no file {file}.", file="a b.wav")
    assert text.startswith("⟦")
    assert "a b.wav" in text


def test_the_setting_is_spoken_and_the_variable_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    Settings.load(tmp_path / "settings.json").set("language", "fr")
    assert speak(tmp_path) == "fr"
    monkeypatch.setenv(VARIABLE, "en")
    assert speak(tmp_path) == "en"
    assert language() == "en"


def test_the_command_line_speaks_it_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAVE_GUI_HOME", str(tmp_path / "home"))
    command = [sys.executable, "-m", "rave_gui.cli.main", "project", "show", str(tmp_path / "none")]
    said = {}
    for name in ("en", "fr"):
        monkeypatch.setenv(VARIABLE, name)
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
        assert done.returncode == 3
        said[name] = done.stderr
    assert "There is no project in" in said["en"]
    assert "Il n'y a pas de projet dans" in said["fr"]
