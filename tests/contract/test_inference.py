"""Reconstruction, rendering and evaluation with the real engine."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from random_runs import make_run
from tiny import happened, make_dataset, send

from rave_engine import inference
from rave_engine.errors import Cancelled, EngineError
from rave_engine.inference import heldout, reconstruction
from rave_engine.inference.distance import build_distance, envelope_matched_noise
from rave_engine.jobs import JobContext
from rave_protocol import events
from rave_protocol.specs import EvaluateParams, RenderParams

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("run"), "v1")


@pytest.fixture
def job(tmp_path: Path) -> JobContext:
    (tmp_path / "job").mkdir()
    return JobContext(tmp_path / "job")


def sound(samples: int, channels: int = 1) -> torch.Tensor:
    return (torch.rand(channels, samples, generator=torch.Generator().manual_seed(2)) * 2 - 1) * 0.3


def test_reconstruction_repeats_and_keeps_the_shape(run: Path) -> None:
    model = inference.load_model(run)
    x = sound(40_001, 2)
    y = inference.reconstruct(model, x)
    assert y.shape == x.shape
    assert y.abs().max() > 1e-6
    assert torch.equal(y, inference.reconstruct(model, x))


def test_randomness_follows_the_seed(run: Path) -> None:
    model = inference.load_model(run)
    x = sound(20_000)
    first, again, other = (inference.reconstruct(model, x, 1.0, seed) for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("stack", [("v1",), ("v2_small",), ("v2", "spherical")])
def test_blocks_give_what_the_whole_gives(tmp_path: Path, stack: tuple[str, ...]) -> None:
    model = inference.load_model(make_run(tmp_path, *stack))
    x = sound(150_000)
    whole = reconstruction.pass_through(model, x[None], 0.0)[0]
    blocks = torch.cat(list(inference.reconstruct_blocks(model, x, block=16_384)), -1)
    assert (blocks - whole).abs().max() <= 1e-5 * whole.abs().max()


def test_short_input_and_silence(run: Path) -> None:
    model = inference.load_model(run)
    assert inference.reconstruct(model, torch.zeros(1, 1)).shape == (1, 1)
    assert inference.reconstruct(model, torch.zeros(1, 0)).shape == (1, 0)
    assert inference.reconstruct(model, torch.zeros(1, 5000)).isfinite().all()


def test_render_any_rate_channels_and_name(run: Path, tmp_path: Path, job: JobContext) -> None:
    source = tmp_path / "Glocke – à 48 kHz.flac"
    soundfile.write(source, sound(48_000, 2).T.numpy(), 48_000)
    before = source.read_bytes()
    output = tmp_path / "new folder" / "out.wav"
    result = inference.render(RenderParams(str(run), str(source), str(output)), job)
    info = soundfile.info(output)
    assert (info.samplerate, info.channels, info.frames, info.subtype) == (44100, 2, 44100, "FLOAT")
    assert result["samples"] == 44100
    assert source.read_bytes() == before
    assert [p.name for p in output.parent.iterdir()] == ["out.wav"]


def test_render_refuses_to_overwrite_its_source(run: Path, tmp_path: Path, job: JobContext) -> None:
    source = tmp_path / "a.wav"
    soundfile.write(source, np.zeros(100), 44100)
    with pytest.raises(EngineError) as caught:
        inference.render(RenderParams(str(run), str(source), str(source)), job)
    assert caught.value.code == "same-file"


@pytest.mark.parametrize(
    ("content", "code"), [(b"this is no sound", "unreadable"), (None, "not-found"), (b"", "unreadable")]
)
def test_render_says_what_is_wrong(
    run: Path, tmp_path: Path, job: JobContext, content: bytes | None, code: str
) -> None:
    source = tmp_path / "a.wav"
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(EngineError) as caught:
        inference.render(RenderParams(str(run), str(source), str(tmp_path / "o.wav")), job)
    assert caught.value.code == code
    assert not (tmp_path / "o.wav").exists()


def test_a_cancelled_render_leaves_nothing(run: Path, tmp_path: Path, job: JobContext) -> None:
    source, output = tmp_path / "a.wav", tmp_path / "out" / "o.wav"
    soundfile.write(source, sound(60_000).T.numpy(), 44100)
    send(job, "cancel")
    with pytest.raises(Cancelled):
        inference.render(RenderParams(str(run), str(source), str(output)), job)
    assert not output.parent.exists() or not list(output.parent.iterdir())


def test_evaluation_writes_sounds_and_four_distances(run: Path, tmp_path: Path, job: JobContext) -> None:
    dataset = make_dataset(tmp_path / "dataset", chunks=12)
    result = inference.evaluate(
        EvaluateParams(str(run), str(dataset), str(tmp_path / "out"), max_seconds=2.0), job
    )
    original, _ = soundfile.read(result["original"], dtype="float32")
    made, _ = soundfile.read(result["path"], dtype="float32")
    assert original.shape == made.shape
    assert result["seconds"] <= 2.01
    for name in ("distance", "distance_untrained", "distance_silence", "distance_noise"):
        assert 0 < result[name] < 1000
    assert result["distance_silence"] > result["distance_noise"]
    again = inference.evaluate(
        EvaluateParams(str(run), str(dataset), str(tmp_path / "out"), max_seconds=2.0), job
    )
    assert again["distance"] == result["distance"]
    assert again["distance_untrained"] == result["distance_untrained"]


def test_evaluation_uses_the_runs_own_split(tmp_path: Path) -> None:
    checkpoint = tmp_path / "version_3" / "checkpoints" / "a.ckpt"
    checkpoint.parent.mkdir(parents=True)
    assert not heldout.held_out(checkpoint, 200).exact
    (tmp_path / "version_3" / "split.json").write_text(json.dumps({"train": [0, 1], "val": [5, 2]}))
    found = heldout.held_out(checkpoint, 200)
    assert (found.indices, found.exact) == ((5, 2), True)
    assert not heldout.held_out(checkpoint, 4).exact, "a split of another dataset does not count"


def test_the_fallback_split_is_raves_own() -> None:
    from rave.dataset import split_dataset

    _, val = split_dataset(list(range(200)), 98, max_residual=1000)
    assert list(heldout.upstream_split(200).indices) == list(val.indices)


def test_a_silent_dataset_is_named(
    run: Path, tmp_path: Path, job: JobContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tiny

    monkeypatch.setattr(
        tiny, "plucks", lambda samples, seed, channels: np.zeros((channels, samples), np.int16)
    )
    dataset = make_dataset(tmp_path / "dataset", chunks=4)
    with pytest.raises(EngineError) as caught:
        inference.evaluate(EvaluateParams(str(run), str(dataset), str(tmp_path / "out")), job)
    assert caught.value.code == "silent"


def test_distance_and_noise_baseline() -> None:
    distance = build_distance(44100)
    x = sound(30_000) * torch.linspace(0, 1, 30_000)
    assert distance(x, x) == 0
    noise = envelope_matched_noise(x)
    assert noise.shape == x.shape
    for part in (slice(0, 10_000), slice(20_000, 30_000)):
        ratio = noise[:, part].pow(2).mean() / x[:, part].pow(2).mean()
        assert 0.7 < ratio < 1.4


def test_a_stereo_run_of_upstream_does_not_say_its_channels(tmp_path: Path) -> None:
    run = make_run(tmp_path, "v1", channels=2)
    config = run / "config.gin"
    text = config.read_text()
    config.write_text("\n".join(line for line in text.splitlines() if "n_channels" not in line))
    assert inference.load_model(run).n_channels == 2


def test_weights_of_another_architecture_are_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path / "a", "v1")
    other = make_run(tmp_path / "b", "v2")
    (run / "config.gin").write_text((other / "config.gin").read_text())
    with pytest.raises(EngineError) as caught:
        inference.load_model(run)
    assert caught.value.code == "checkpoint-mismatch"


def test_missing_ema_is_named(run: Path) -> None:
    with pytest.raises(EngineError) as caught:
        inference.load_model(run, ema=True)
    assert caught.value.code == "no-ema"


def test_progress_is_reported(run: Path, tmp_path: Path, job: JobContext) -> None:
    source = tmp_path / "a.wav"
    soundfile.write(source, sound(50_000).T.numpy(), 44100)
    inference.render(RenderParams(str(run), str(source), str(tmp_path / "o.wav")), job)
    found = [e for e in happened(job) if isinstance(e, events.Progress)]
    assert found[-1].done == found[-1].total == 50_000
