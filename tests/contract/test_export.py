"""Exports answer twice the same, in blocks as at once, and open without us."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from random_runs import make_run
from tiny import happened, make_dataset, tiny_params, train

from rave_engine import export, inference
from rave_engine.errors import EngineError
from rave_engine.export import alignment, scripted
from rave_engine.jobs import JobContext
from rave_protocol import events
from rave_protocol.specs import ExportParams, RenderParams, VerifyParams

pytestmark = pytest.mark.engine


@pytest.fixture
def job(tmp_path: Path) -> JobContext:
    (tmp_path / "job").mkdir()
    return JobContext(tmp_path / "job")


def test_a_trained_run_exports_and_opens_in_a_process_without_rave(tmp_path: Path, job: JobContext) -> None:
    dataset = make_dataset(tmp_path / "dataset")
    trained, _ = train(tmp_path, tiny_params(dataset, tmp_path / "run"), name="training")
    params = ExportParams(trained["checkpoint"], str(tmp_path / "Übung 1"), "Übung 1")
    result = export.run(params, job)
    assert Path(result["path"]).name == "Übung 1_streaming.ts"
    assert sorted(p.name for p in Path(result["path"]).parent.iterdir()) == [
        "card.json",
        "Übung 1_streaming.ts",
    ]
    assert result["streaming_error_db"] <= -100
    card = json.loads(Path(result["card"]).read_text(encoding="utf-8"))
    assert (card["config"], card["step"], card["phase"]) == (["v1"], trained["step"], 2)
    assert card["export_with"]["torch"] == torch.__version__
    assert str(tmp_path) not in json.dumps(card), "a card is passed on: no paths"
    script = (
        "import sys, json, torch\n"
        "m = torch.jit.load(sys.argv[1])\n"
        "x = torch.rand(1, 1, 8192) * 0.2\n"
        "y = m(x); z = m.encode(x)\n"
        "print(json.dumps({'methods': m.get_methods(), 'attributes': m.get_attributes(), 'shape': list(y.shape),"
        " 'decoded': list(m.decode(z).shape), 'finite': bool(y.isfinite().all()),"
        " 'encode': m.encode_params.tolist(), 'rave': 'rave' in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, result["path"]], capture_output=True, text=True, check=True
    )
    facts = json.loads(done.stdout)
    assert facts["methods"] == ["encode", "decode", "forward"]
    assert "randomness" in facts["attributes"]
    assert facts["shape"] == facts["decoded"] == [1, 1, 8192]
    assert facts["finite"]
    assert not facts["rave"]
    assert facts["encode"] == [1, 1, result["latent_size"], result["ratio"]]
    verified = export.verify(VerifyParams(result["path"]), job)
    assert verified["finite"]
    assert verified["repeatable"]
    assert verified["batches"]
    assert verified["randomness"] == 0.0
    assert verified["real_time_factor"] > 0


@pytest.mark.parametrize(
    ("stack", "channels"),
    [
        (("v2_small", "causal"), 1),
        (("discrete",), 2),
    ],
)
def test_blocks_and_whole(tmp_path: Path, stack: tuple[str, ...], channels: int, job: JobContext) -> None:
    run = make_run(tmp_path / "run", *stack, channels=channels)
    loaded = inference.load_model(run, streaming=True)
    module = scripted.build(
        loaded, fidelity=0.95, channels=None, rate=None, offline=inference.load_model(run)
    )
    path = tmp_path / "m.ts"
    torch.jit.script(module).save(str(path))
    facts = export.verify(VerifyParams(str(path)), job)
    assert facts["streaming"]
    assert facts["finite"]
    assert facts["repeatable"]
    assert facts["batches"]
    assert facts["channels"] == channels
    assert facts["streaming_error_db"] <= -100


@pytest.mark.parametrize("stack", [("v1",), ("v1", "causal"), ("v2_small",), ("v2",)])
def test_streaming_is_the_delayed_offline_model(tmp_path: Path, stack: tuple[str, ...]) -> None:
    """Also where a delay is odd (v1): without the sign flips of ``alignment`` the two do not resemble each other."""
    run = make_run(tmp_path, *stack)
    offline = inference.load_model(run)
    online = scripted.build(
        inference.load_model(run, streaming=True), fidelity=1.0, channels=None, rate=None, offline=offline
    )
    direct = scripted.build(offline, fidelity=1.0, channels=None, rate=None)
    for module in (online, direct):
        for name, buffer in module.named_buffers():
            if name.endswith(".table"):
                buffer.zero_()
    samples = 2048 * 64
    x = (torch.rand(1, 1, samples, generator=torch.Generator().manual_seed(1)) * 2 - 1) * 0.3
    shifted = torch.nn.functional.pad(x, (online.grid_shift, 0))[..., :samples]
    with torch.no_grad():
        late, early = online(x)[0, 0].double(), direct(shifted)[0, 0].double()
    spectrum = torch.fft.rfft(late, 2 * samples) * torch.fft.rfft(early, 2 * samples).conj()
    lag = int(torch.fft.irfft(spectrum, 2 * samples)[: samples // 2].argmax())
    a, b = late[samples * 3 // 4 : -4096], early[samples * 3 // 4 - lag : -4096 - lag]
    assert (a - b).norm() <= 1e-4 * a.norm()


def test_an_odd_delay_is_found(tmp_path: Path) -> None:
    run = make_run(tmp_path, "v1", "causal")
    delays = alignment.measure(
        inference.load_model(run, streaming=True).model, inference.load_model(run).model
    )
    assert delays.analysis == 0
    assert delays.synthesis is not None
    assert delays.synthesis % 2 == 1


def test_randomness_is_a_dial(tmp_path: Path) -> None:
    run = make_run(tmp_path, "v2_small")
    module = scripted.build(inference.load_model(run), fidelity=1.0, channels=None, rate=None)
    model = torch.jit.script(module)
    x = torch.rand(1, 1, 8192, generator=torch.Generator().manual_seed(1)) * 0.2
    still = model(x)
    assert torch.equal(still, model(x))
    model.set_randomness(1.0)
    assert model.get_randomness() == 1.0
    assert not torch.equal(model(x), model(x))
    model.set_randomness(7.0)
    assert model.get_randomness() == 1.0
    model.set_randomness(float("nan"))
    assert model.get_randomness() == 0.0
    assert torch.equal(still, model(x))


def test_more_channels_and_another_rate(tmp_path: Path, job: JobContext) -> None:
    run = make_run(tmp_path / "run", "v1")
    result = export.run(
        ExportParams(str(run), str(tmp_path / "out"), "wide", channels=2, sample_rate=88200), job
    )
    assert (result["channels"], result["sample_rate"], result["ratio"]) == (2, 88200, 4096)
    assert result["streaming_error_db"] <= -100


def test_the_vst_gets_its_stereo_mode(tmp_path: Path) -> None:
    run = make_run(tmp_path, "v1")
    model = torch.jit.script(
        scripted.build(inference.load_model(run), fidelity=1.0, channels=None, rate=None)
    )
    model.set_stereo_mode(True)
    assert model.decode(torch.zeros(2, model.latent_size, 4)).shape == (1, 2, 8192)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "a/b"}, "bad-name"),
        ({"name": " "}, "bad-name"),
        ({"fidelity": 0.0}, "bad-fidelity"),
        ({"sample_rate": 48000}, "wrong-rate"),
        ({"sample_rate": 132300}, "wrong-rate"),
        ({"channels": 0}, "wrong-channels"),
        ({"ema": True}, "no-ema"),
    ],
)
def test_wrong_wishes_are_refused_and_leave_nothing(
    tmp_path: Path, job: JobContext, changes: dict[str, object], code: str
) -> None:
    run = make_run(tmp_path / "run", "v1")
    base: dict[str, object] = {"checkpoint": str(run), "output": str(tmp_path / "out"), "name": "x"}
    with pytest.raises(EngineError) as caught:
        export.run(ExportParams(**{**base, **changes}), job)  # type: ignore[arg-type]
    assert caught.value.code == code
    assert not (tmp_path / "out").exists()


def test_a_model_that_answers_nan_is_not_exported(tmp_path: Path, job: JobContext) -> None:
    from rave_engine import checkpoints

    run = make_run(tmp_path / "run", "v1")
    path = checkpoints.find(run)
    state = checkpoints.load(path)
    key = next(k for k in state["state_dict"] if k.startswith("decoder.") and k.endswith("weight_g"))
    state["state_dict"][key].fill_(float("nan"))
    checkpoints.save(path, state)
    with pytest.raises(EngineError) as caught:
        export.run(ExportParams(str(run), str(tmp_path / "out"), "x", streaming=False), job)
    assert caught.value.code == "not-finite"
    assert list((tmp_path / "out").iterdir()) == []


def test_codebooks_that_never_learned_are_named(tmp_path: Path, job: JobContext) -> None:
    from rave_engine import checkpoints

    run = make_run(tmp_path / "run", "discrete")
    path = checkpoints.find(run)
    state = checkpoints.load(path)
    state["state_dict"]["encoder.enabled"].zero_()
    checkpoints.save(path, state)
    with pytest.raises(EngineError) as caught:
        export.run(ExportParams(str(run), str(tmp_path / "out"), "x"), job)
    assert caught.value.code == "no-codebooks"


@pytest.mark.parametrize("content", [b"", b"nothing of the kind"])
def test_verify_of_something_else(tmp_path: Path, job: JobContext, content: bytes) -> None:
    path = tmp_path / "m.ts"
    path.write_bytes(content)
    with pytest.raises(EngineError) as caught:
        export.verify(VerifyParams(str(path)), job)
    assert caught.value.code == "not-torchscript"


def test_verify_of_a_foreign_torchscript(tmp_path: Path, job: JobContext) -> None:
    path = tmp_path / "m.ts"
    torch.jit.script(torch.nn.Conv1d(1, 1, 1)).save(str(path))
    with pytest.raises(EngineError) as caught:
        export.verify(VerifyParams(str(path)), job)
    assert caught.value.code == "not-nn-tilde"


def test_an_upstream_run_renders_and_exports_here(tmp_path: Path, job: JobContext) -> None:
    """A run as upstream leaves it: Lightning's keys, its file names, the operative config without the channels."""
    import gin
    import numpy as np
    import rave
    import soundfile

    from rave_engine import configs

    configs.compose(["v1"], ["CAPACITY = 2", "LATENT_SIZE = 8"], channels=1)
    torch.manual_seed(1)
    model = rave.RAVE(n_channels=1)
    run = tmp_path / "runs" / "name_0123456789"
    folder = run / "version_0" / "checkpoints"
    folder.mkdir(parents=True)
    lines = gin.operative_config_str().splitlines()
    (run / "config.gin").write_text("\n".join(line for line in lines if "n_channels" not in line))
    torch.save(
        {
            "epoch": 3,
            "global_step": 40,
            "pytorch-lightning_version": "1.9.0",
            "state_dict": model.state_dict(),
            "loops": {},
            "callbacks": {"WarmupCallback": {"training_steps": 40}},
            "optimizer_states": [],
            "lr_schedulers": [],
        },
        folder / "epoch-epoch=0003.ckpt",
    )
    soundfile.write(tmp_path / "a.wav", np.random.default_rng(0).normal(size=9000) * 0.1, 44100)
    rendered = inference.render(RenderParams(str(run), str(tmp_path / "a.wav"), str(tmp_path / "o.wav")), job)
    assert rendered["samples"] == 9000
    result = export.run(ExportParams(str(run), str(tmp_path / "out"), "up", streaming=False), job)
    assert result["step"] == 40
    assert Path(result["path"]).name == "up.ts"
    assert result["latent_size"] == 8, "without a latent analysis all latents are exported"
    assert [e for e in happened(job) if isinstance(e, events.Artifact) and e.kind == "export"]
