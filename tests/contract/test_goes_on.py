"""Trainings that were changed while they waited, and sounds that are heard at every checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny import make_dataset, make_job, tiny_params

from rave_engine import training
from rave_protocol.aim import write_aim


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("data") / "plucks", chunks=9)


def test_a_training_that_was_made_longer_while_it_waited(tmp_path: Path, dataset: Path) -> None:
    params = tiny_params(dataset, tmp_path / "run", max_steps=1)
    job = make_job(tmp_path / "job", params)
    write_aim(job.folder, 2)
    assert training.run(params, job)["step"] == 2
