"""Pausing work as a user does it, with the command: datasets obey, and what cannot pause says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import soundfile
from tests.helpers.jobs import Home

from rave_gui.cli.main import main
from rave_gui.jobs import JobView
from rave_protocol import jobfolder
from rave_protocol.commands import Command
from rave_protocol.files import append_line
from rave_protocol.specs import DatasetAppendParams, DatasetLookParams, DatasetParams

CAPTURE = pytest.CaptureFixture[str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """Real work: nothing of it is faked."""
    monkeypatch.setenv("RAVE_GUI_HOME", str(tmp_path / "home"))
    found = Home(tmp_path)
    yield found
    found.close()


def ask(capsys: CAPTURE, *words: str, code: int = 0) -> dict[str, Any]:
    assert main(["jobs", *words, "--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def paused_and_resumed(home: Home, capsys: CAPTURE, job: JobView) -> JobView:
    """The work finds a first pause when it begins; held meanwhile, it is told to resume and to pause again."""
    append_line(job.folder / jobfolder.COMMANDS, Command("pause"))
    home.reach(job.id, "paused")
    worker = psutil.Process(home.worker(job) or 0)
    worker.suspend()
    ask(capsys, "resume", job.id)
    ask(capsys, "pause", job.id)
    worker.resume()
    seen: list[str] = []
    reader = home.jobs.reader(job)
    while seen.count("Paused") < 2:
        seen += [type(s.event).__name__ for s in reader.read()]
    assert [name for name in seen if name in ("Paused", "Resumed")] == ["Paused", "Resumed", "Paused"]
    home.reach(job.id, "paused")
    ask(capsys, "resume", job.id)
    return home.jobs.wait(job.id, timeout=60)


def test_a_dataset_and_an_addition_to_it_pause(home: Home, capsys: CAPTURE) -> None:
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        soundfile.write(home.root / f"{name}.wav", rng.uniform(-0.5, 0.5, 44100 * 8), 44100)
    made = str(home.root / "made")
    params = DatasetParams([str(home.root / "a.wav")], made, num_signal=32768)
    view = paused_and_resumed(home, capsys, home.jobs.submit("dataset", params, project=None, title="Made"))
    assert view.state == "succeeded", view.error
    chunks = (view.result or {})["chunks"]
    more = DatasetAppendParams(made, [str(home.root / "b.wav")])
    job = home.jobs.submit("dataset-append", more, project=None, title="Added")
    view = paused_and_resumed(home, capsys, job)
    assert view.state == "succeeded", view.error
    assert (view.result or {})["chunks"] == 2 * chunks


def test_what_cannot_pause_says_so(home: Home, capsys: CAPTURE) -> None:
    params = DatasetLookParams(str(home.root / "nothing"))
    job = home.jobs.submit("dataset-check", params, project=None, title="Look")
    said = ask(capsys, "pause", job.id, code=3)
    assert said["error"]["code"] == "cannot-pause"
    assert "cannot pause" in said["error"]["message"]
