"""Models of the sound's slope: the filters are upstream's, blocks give what the whole gives, and rendering gives sound again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from random_runs import make_run

from rave_engine import checkpoints, compat, export, inference
from rave_engine.inference.derivative import Derivator, Integrator
from rave_engine.inference.reconstruction import pass_through
from rave_engine.jobs import JobContext
from rave_protocol.specs import ExportParams, VerifyParams

pytestmark = pytest.mark.engine


def sound(samples: int, channels: int = 1) -> torch.Tensor:
    return (torch.rand(channels, samples, generator=torch.Generator().manual_seed(2)) * 2 - 1) * 0.3


def test_the_filters_are_upstreams_at_full_level() -> None:
    compat.install()
    from rave.dataset import get_derivator_integrator

    derive, integrate = get_derivator_integrator(44100)
    x = sound(5000, 2)
    slope = Derivator(0)(x[None])[0]
    np.testing.assert_allclose(slope.numpy(), derive(x.numpy()), atol=1e-7)
    back = Integrator(44100, 0)(slope[None])[0]
    np.testing.assert_allclose(back.numpy(), 2 * integrate(slope.double().numpy()), atol=1e-6)
    t = torch.arange(20000) / 44100
    tone = torch.sin(2 * torch.pi * 220 * t)[None, None]
    again = Integrator(44100, 0)(Derivator(0)(tone))
    assert (again - tone)[..., 10000:].abs().max() < 0.11, "only what is near 10 Hz changes"


def test_blocks_give_what_the_whole_gives() -> None:
    x = sound(7001, 2)[None]
    whole = Integrator(44100, 0)(Derivator(0)(x))
    before, after = (torch.jit.script(m) for m in (Derivator(2), Integrator(44100, 2)))
    blocks = torch.cat([after(before(part)) for part in x.split(333, -1)], -1)
    assert (blocks - whole).abs().max() <= 1e-6 * whole.abs().max()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose checkpoint says that it was trained with ``derivative``."""
    folder = make_run(tmp_path_factory.mktemp("run"), "v1")
    path = checkpoints.find(folder)
    state = checkpoints.load(path)
    state["rave_gui"] = {"params": {"derivative": True}}
    checkpoints.save(path, state)
    return folder


def test_reconstruction_integrates(run: Path) -> None:
    model = inference.load_model(run)
    x = sound(50_000)
    made = inference.reconstruct(model, x)
    by_hand = Integrator(44100, 0)(pass_through(model, Derivator(0)(x[None]), 0.0))[0]
    assert (made - by_hand).abs().max() <= 1e-4 * by_hand.abs().max()
    blocks = torch.cat(list(inference.reconstruct_blocks(model, x, block=16_384)), -1)
    assert (blocks - made).abs().max() <= 1e-4 * made.abs().max()


def test_an_export_integrates_in_the_file(run: Path, tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    job = JobContext(tmp_path / "job")
    result = export.run(ExportParams(str(run), str(tmp_path / "out"), "slope"), job)
    assert result["streaming_error_db"] <= -100
    facts = export.verify(VerifyParams(result["path"]), job)
    assert facts["repeatable"]
    whole = export.run(ExportParams(str(run), str(tmp_path / "whole"), "slope", streaming=False), job)
    x = sound(2048 * 20)
    offline = torch.jit.load(whole["path"])(x[None])[0]
    ours = inference.reconstruct(inference.load_model(run), x)
    assert (offline - ours).abs().max() <= 1e-3 * ours.abs().max()
