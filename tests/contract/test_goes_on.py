"""Trainings that were changed while they waited, and sounds that are heard at every checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import soundfile
import torch
from tiny import TINY, happened, make_dataset, make_job, plucks, send, tiny_params, train

from rave_engine import checkpoints, training
from rave_protocol import events
from rave_protocol.aim import write_aim


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("data") / "plucks", chunks=9)


def test_a_training_that_was_made_longer_while_it_waited(tmp_path: Path, dataset: Path) -> None:
    params = tiny_params(dataset, tmp_path / "run", max_steps=1)
    job = make_job(tmp_path / "job", params)
    write_aim(job.folder, 2)
    assert training.run(params, job)["step"] == 2


@pytest.mark.parametrize("ema", [None, 0.9])
def test_sounds_to_follow_are_heard_at_every_checkpoint(
    tmp_path: Path, dataset: Path, ema: float | None
) -> None:
    sound = tmp_path / "mine.wav"
    soundfile.write(sound, plucks(30000, 4, 1).T, 44100)
    common: dict[str, Any] = {"val_every": 1000, "save_every": 2, "max_steps": 5, "ema": ema}
    common["overrides"] = [*TINY, "PHASE_1_DURATION = 100"]
    result, seen = train(tmp_path, tiny_params(dataset, tmp_path / "run", clips=[str(sound)], **common), "j1")
    artifacts = [e for e in seen if isinstance(e, events.Artifact)]
    heard = [e.info["step"] for e in artifacts if e.info.get("role") == "clip"]
    saved = [e.info["step"] for e in artifacts if e.kind == "checkpoint" and not e.info["best"]]
    assert heard == saved == [2, 4, 5]
    without, _ = train(tmp_path, tiny_params(dataset, tmp_path / "without", **common), "j2")
    a, b = (checkpoints.load(r["checkpoint"]) for r in (result, without))
    assert all(torch.equal(a["state_dict"][key], b["state_dict"][key]) for key in a["state_dict"])
    assert torch.equal(a["rave_gui"]["random"]["torch"], b["rave_gui"]["random"]["torch"]), "nothing is drawn"


def test_a_stop_lets_its_checkpoint_be_heard(tmp_path: Path, dataset: Path) -> None:
    sound = tmp_path / "mine.wav"
    soundfile.write(sound, plucks(30000, 4, 1).T, 44100)
    params = tiny_params(dataset, tmp_path / "run", clips=[str(sound)], max_steps=100)
    job = make_job(tmp_path / "job", params)
    send(job, "stop")
    assert training.run(params, job)["stopped"]
    assert [
        e.info["step"]
        for e in happened(job)
        if isinstance(e, events.Artifact) and e.info.get("role") == "clip"
    ] == [0]
