"""A run that was trained with gin files the user trusted is opened again only when the caller says so."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
from random_runs import make_run
from tiny import make_dataset, tiny_params, train

from rave_engine import configs, export, inference
from rave_engine.errors import EngineError
from rave_engine.jobs import JobContext
from rave_protocol.specs import EvaluateParams, ExportParams, RenderParams

pytestmark = pytest.mark.engine

FOREIGN = "import colorsys\n"
"""What no stock configuration does, and what harms nobody."""


def test_render_evaluate_and_export_refuse_a_foreign_config(tmp_path: Path) -> None:
    """The three look at the same list before anything else of the run is read; so does the offline twin of an export."""
    run = make_run(tmp_path / "run", "v1")
    config = run / "config.gin"
    first, rest = config.read_text().split("\n", 1)
    config.write_text(f"{first}\n{FOREIGN}{rest}")
    (tmp_path / "job").mkdir()
    job = JobContext(tmp_path / "job")
    sound = tmp_path / "a.wav"
    soundfile.write(sound, np.zeros(9000), 44100)
    dataset = make_dataset(tmp_path / "dataset", chunks=4)
    out = str(tmp_path / "out")
    for trusted in ([], [str(tmp_path / "elsewhere" / "config.gin")]):
        render, evaluate, exported = (
            RenderParams(str(run), str(sound), out, trusted=trusted),
            EvaluateParams(str(run), str(dataset), out, trusted=trusted),
            ExportParams(str(run), out, "x", trusted=trusted),
        )
        calls: list[Callable[[], object]] = [
            partial(inference.render, render, job),
            partial(inference.evaluate, evaluate, job),
            partial(export.run, exported, job),
        ]
        for call in calls:
            with pytest.raises(EngineError) as caught:
                call()
            assert caught.value.code == "untrusted-config"
    assert not Path(out).exists()
    trusted = [str(config)]
    rendered = inference.render(RenderParams(str(run), str(sound), out + ".wav", trusted=trusted), job)
    assert rendered["samples"] == 9000
    measured = inference.evaluate(
        EvaluateParams(str(run), str(dataset), out, max_seconds=0.5, trusted=trusted), job
    )
    assert measured["distance_untrained"] > 0
    made = export.run(ExportParams(str(run), out, "x", streaming=False, trusted=trusted), job)
    assert Path(made["path"]).is_file()


def test_training_with_trusted_gin_resumes_and_retries(tmp_path: Path) -> None:
    """A retry trusts what its first attempt composed; a resume trusts what it is told to."""
    dataset = make_dataset(tmp_path / "dataset", chunks=4)
    mine = tmp_path / "mine.gin"
    mine.write_text(FOREIGN + "CAPACITY = 2\n")
    run = tmp_path / "run"
    params = {"configs": ["v1", str(mine)], "overrides": ["LATENT_SIZE = 4"], "max_steps": 1}
    with pytest.raises(EngineError) as caught:
        train(tmp_path, tiny_params(dataset, run, **params), "refused")
    assert caught.value.code == "untrusted-config"
    params["trusted"] = [str(mine)]
    first, _ = train(tmp_path, tiny_params(dataset, run, **params), "first")
    assert "colorsys" in (run / "config.gin").read_text()
    second, _ = train(
        tmp_path, tiny_params(dataset, run, **{**params, "max_steps": 2}), "second", retry_of="first"
    )
    assert second["step"] == 2
    again = {**params, "max_steps": 3, "resume": first["checkpoint"]}
    with pytest.raises(EngineError) as caught:
        train(tmp_path, tiny_params(dataset, run, **again), "third")
    assert caught.value.code == "untrusted-config"
    again["trusted"] = [str(run / configs.CONFIG_NAME)]
    third, _ = train(tmp_path, tiny_params(dataset, run, **again), "fourth")
    assert third["step"] == 3
