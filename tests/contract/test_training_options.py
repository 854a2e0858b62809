"""What a training can do beside training: trial, transfer, longer runs, milestones, clips, faster steps, too little memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import soundfile
import torch
from tiny import TINY, happened, make_dataset, make_job, plucks, send, tiny_params, train

from rave_engine import checkpoints, configs, training
from rave_engine.errors import EngineError
from rave_engine.training import fast, memory, retention, transfer, trial
from rave_engine.training.loop import Loop
from rave_engine.training.prepare import make_trainee
from rave_engine.training.step import FastStep
from rave_protocol import events, wholeness
from rave_protocol.aim import read_aim
from rave_protocol.commands import Command
from rave_protocol.files import append_line, read_json
from rave_protocol.specs import TrialParams


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("data") / "plucks", chunks=9)


def tiny_model(overrides: list[str] | None = None, stack: tuple[str, ...] = ("v1",)) -> Any:
    configs.compose(stack, [*TINY, *(overrides or [])], channels=1)
    torch.manual_seed(1)
    return configs.build_model().train()


# --- faster steps


@pytest.mark.parametrize("shape", [(2, 1, 16384), (1, 3, 8192)])
def test_the_rewritten_distance_is_raves(shape: tuple[int, ...]) -> None:
    distance = tiny_model().audio_distance
    torch.manual_seed(0)
    x, y = torch.randn(shape), torch.randn(shape)
    y[..., :4000] = 0
    found = []
    for way in (distance, fast.rewritten(distance)):
        signal = y.clone().requires_grad_(True)
        value = way(x, signal)["spectral_distance"]
        value.backward()
        found.append((value.detach(), signal.grad))
    torch.testing.assert_close(found[0][0], found[1][0])
    torch.testing.assert_close(
        found[0][1], found[1][1], rtol=1e-4, atol=1e-6 * float(found[0][1].abs().max())
    )
    assert isinstance(fast.rewritten(distance), fast.FastDistance)


def test_another_distance_is_left_alone() -> None:
    other = torch.nn.Identity()
    assert fast.rewritten(other) is other


OPTIONS: dict[str, dict[str, Any]] = {
    "distance": {"fast_distance": True},
    "half": {"amp": "bf16"},
    "fused": {"fused_adam": True},
    "all": {"fast_distance": True, "amp": "bf16", "fused_adam": True},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_fast_option_trains_through_both_phases_and_resumes(
    name: str, tmp_path: Path, dataset: Path
) -> None:
    params = tiny_params(dataset, tmp_path / "run", exact=False, max_steps=6, **OPTIONS[name])
    first, seen = train(tmp_path, params, "j1")
    losses = [
        e.values for e in seen if isinstance(e, events.Metric) and "fullband_spectral_distance" in e.values
    ]
    assert losses
    plain = checkpoints.load(first["checkpoint"])["state_dict"]
    assert plain.keys() == tiny_model().state_dict().keys(), "another program must be able to read it"
    assert all(bool(torch.isfinite(v).all()) for v in plain.values() if v.is_floating_point())
    again, _ = train(
        tmp_path,
        tiny_params(dataset, tmp_path / "run", resume=first["checkpoint"], max_steps=7, lr_generator=5e-4),
        "j2",
    )
    state = checkpoints.load(again["checkpoint"])
    assert again["step"] == 7
    group = state["optimizer_states"][0]["param_groups"][0]
    assert not group["fused"], "this training was to be exact"
    assert group["lr"] == pytest.approx(5e-5), "a tenth after phase 1"


def test_learning_rates_are_those_asked_for() -> None:
    usual = make_trainee(tiny_model(), None)
    assert (usual.gen_opt.param_groups[0]["lr"], usual.dis_opt.param_groups[0]["lr"]) == (1e-3, 1e-4)
    other = make_trainee(tiny_model(["PHASE_1_DURATION = 4"]), None, None, (2e-3, 5e-5))
    assert (other.gen_opt.param_groups[0]["lr"], other.dis_opt.param_groups[0]["lr"]) == (2e-3, 5e-5)
    assert other.gen_opt.param_groups[0]["betas"] == (0.5, 0.9)
    for _ in range(5):
        other.scheduler.step()
    assert other.gen_opt.param_groups[0]["lr"] == pytest.approx(2e-4)


# --- memory


@pytest.mark.parametrize("stack", [("v1",), ("v2_small",), ("discrete",)])
def test_trying_phase_2_leaves_no_trace(stack: tuple[str, ...]) -> None:
    found = []
    for tried in (False, True):
        model = tiny_model(["PHASE_1_DURATION = 2", "RAVE.valid_signal_crop = False"], stack)
        trainee = make_trainee(model, None)
        if tried:
            memory.try_phase_2(model, 32768, 1, torch.device("cpu"))
        step = FastStep(model, trainee.gen_opt, trainee.dis_opt)
        torch.manual_seed(5)
        for i in range(4):
            trainee.schedule.before_batch()
            step(0.1 * torch.randn(1, 1, 32768), i)
        found.append({name: value.clone() for name, value in model.state_dict().items()})
    assert all(torch.equal(value, found[1][name]) for name, value in found[0].items())


def test_too_little_memory_for_phase_2_is_told_before_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model()

    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr(FastStep, "_discriminate", full)
    with pytest.raises(EngineError) as caught:
        memory.try_phase_2(model, 32768, 1, torch.device("cpu"))
    assert caught.value.code == "memory-phase-2"
    assert not model.warmed_up


def test_memory_that_runs_out_in_the_middle_is_a_plain_error(
    tmp_path: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = FastStep.__call__
    steps = iter(range(100))

    def call(self: FastStep, *args: Any, **kwargs: Any) -> Any:
        if next(steps) == 2:
            raise RuntimeError(
                "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"
            )
        return original(self, *args, **kwargs)

    monkeypatch.setattr(FastStep, "__call__", call)
    with pytest.raises(EngineError) as caught:
        train(tmp_path, tiny_params(dataset, tmp_path / "run", save_every=1))
    assert caught.value.code == "out-of-memory"
    assert "step 2 (phase 1)" in caught.value.message


def test_a_trial_times_both_phases_and_keeps_nothing(tmp_path: Path, dataset: Path) -> None:
    params = tiny_params(
        dataset, tmp_path / "run", max_steps=1000, overrides=[*TINY, "PHASE_1_DURATION = 400"]
    )
    job = make_job(tmp_path / "job", params)
    found = training.try_out(TrialParams(params, steps=2), job)
    one, two = found["phase_1"], found["phase_2"]
    assert one["seconds_per_step"] > 0
    assert two["peak_bytes"] > one["peak_bytes"] > 0
    assert found["memory_of"] == "tensors"
    assert found["seconds_phase_1"] == pytest.approx(400 * one["seconds_per_step"])
    assert found["seconds_phase_2"] == pytest.approx(600 * two["seconds_per_step"])
    real, _ = train(tmp_path, tiny_params(dataset, tmp_path / "real"), "real")
    size = Path(real["checkpoint"]).stat().st_size
    assert found["checkpoint_bytes"] == pytest.approx(size, rel=0.25)
    assert not (tmp_path / "run").exists()
    noise = training.try_out(TrialParams(replace(params, dataset=""), steps=1), job)
    assert noise["parameters"] == found["parameters"]


def test_a_trial_of_slow_steps_is_short_and_says_how_far_it_is(
    tmp_path: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "TIMED_SECONDS", 0.0)
    monkeypatch.setattr(trial, "SLOW_SECONDS", 0.0)
    params = tiny_params(dataset, tmp_path / "run", max_steps=1000, overrides=[*TINY])
    job = make_job(tmp_path / "job", params)
    found = training.try_out(TrialParams(params, steps=1000), job)
    assert found["phase_1"]["steps"] == 1
    assert found["phase_2"]["steps"] <= 2
    said = [event for event in happened(job) if isinstance(event, events.Progress) and event.total]
    shares = [event.done / event.total for event in said]
    assert shares == sorted(shares)
    assert {0.0, 0.5, 1.0} <= set(shares)
    assert "of 1003 steps" in said[0].message


# --- the run


def test_a_training_of_phase_1_alone_says_so(tmp_path: Path, dataset: Path) -> None:
    result, seen = train(
        tmp_path,
        tiny_params(dataset, tmp_path / "run", max_steps=4, overrides=[*TINY, "PHASE_1_DURATION = 4"]),
    )
    assert result["phase"] == "phase 1"
    assert {e.phase for e in seen if isinstance(e, events.Progress)} == {"phase 1"}


def test_a_running_training_is_made_longer(tmp_path: Path, dataset: Path) -> None:
    job = make_job(tmp_path / "job", tiny_params(dataset, tmp_path / "run", max_steps=3))
    commands = [Command("extend", args={"max_steps": n}) for n in (5, 0)]
    for command in commands:
        append_line(job.folder / "commands.jsonl", command)
    result = training.run(tiny_params(dataset, tmp_path / "run", max_steps=3), job)
    assert result["step"] == 5
    acks = [e for e in _events(job) if isinstance(e, events.Ack)]
    assert [(a.command, a.ok) for a in acks] == [(commands[0].id, True), (commands[1].id, False)]
    assert read_aim(job.folder) == 5, "whoever goes on with it aims there, too"


def test_what_cannot_be_remembered_is_not_acknowledged(
    tmp_path: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(tmp_path / "job", tiny_params(dataset, tmp_path / "run", max_steps=1))
    append_line(job.folder / "commands.jsonl", Command("extend", args={"max_steps": 5}))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rave_engine.training.loop.write_aim", full)
    assert training.run(tiny_params(dataset, tmp_path / "run", max_steps=1), job)["step"] == 1
    (ack,) = [e for e in _events(job) if isinstance(e, events.Ack)]
    assert not ack.ok
    assert "No space left" in ack.message


def _events(job: Any) -> list[Any]:

    return happened(job)


def test_milestones_stay_and_the_rest_goes(tmp_path: Path, dataset: Path) -> None:
    params = tiny_params(
        dataset, tmp_path / "run", max_steps=7, save_every=1, keep_last=1, milestone_every=3,
        overrides=[*TINY, "PHASE_1_DURATION = 100"],
    )  # fmt: skip
    train(tmp_path, params)
    names = sorted(p.name for p in (tmp_path / "run").rglob("step_*.ckpt"))
    assert names == [checkpoints.name(step) for step in (3, 6, 7)], "the newest one, and milestones"


def test_the_checkpoint_at_the_switch_holds_the_last_analysis(tmp_path: Path, dataset: Path) -> None:
    """The periodic save comes before the analysis there; phase 2 never makes another, and exports go by it."""
    run = tmp_path / "run"
    params = tiny_params(
        dataset, run, configs=["v2_small"], max_steps=6, save_every=2, val_every=100, keep_last=0,
        overrides=["CAPACITY = 2", "LATENT_SIZE = 4", "PHASE_1_DURATION = 4", "RAVE.valid_signal_crop = False"],
    )  # fmt: skip
    train(tmp_path, params)
    folder = run / "version_0" / "checkpoints"
    before, switch, last = (checkpoints.load(folder / checkpoints.name(n))["state_dict"] for n in (2, 4, 6))
    assert not before["fidelity"].any(), "nobody had listened yet"
    assert switch["fidelity"].any()
    assert torch.equal(switch["latent_pca"], last["latent_pca"])
    assert read_json(run / "version_0" / "settings.json")["save_every"] == 2


def test_attempts_at_one_training_keep_no_more_than_one_training_does(tmp_path: Path, dataset: Path) -> None:
    """A training that breaks off every day would fill the disk; what a person left, or resumes by hand, stays."""
    run = tmp_path / "run"
    params = tiny_params(
        dataset, run, max_steps=4, save_every=1, keep_last=2, overrides=[*TINY, "PHASE_1_DURATION = 2"]
    )
    first, _ = train(tmp_path, params, "j1")
    assert numbered(run) == {"version_0": [2, 3, 4]}, "two, and the one before phase 2"
    train(tmp_path, replace(params, max_steps=6, resume=first["checkpoint"]), "j2")
    assert numbered(run) == {"version_0": [2, 3, 4], "version_1": [5, 6]}, "resumed by hand"
    train(tmp_path, replace(params, max_steps=7, resume=str(run)), "j3", retry_of="j2")
    assert numbered(run) == {"version_0": [2, 3, 4], "version_1": [6], "version_2": [7]}
    train(tmp_path, replace(params, max_steps=9, resume=str(run)), "j4", retry_of="j3")
    assert numbered(run) == {"version_0": [2, 3, 4], "version_3": [8, 9]}


def numbered(run: Path) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for path in sorted(run.rglob("step_*.ckpt")):
        found.setdefault(path.parent.parent.name, []).append(checkpoints.step_of(path) or 0)
    return found


def test_room_is_made_from_the_oldest_and_never_from_the_newest(tmp_path: Path) -> None:
    for step in (1, 2, 3, 4):
        (tmp_path / checkpoints.name(step)).write_bytes(b"x" * 1000)
    held = {tmp_path / checkpoints.name(1)}
    assert retention.make_room(tmp_path, 0, 0, held)
    assert len(list(tmp_path.iterdir())) == 4
    assert not retention.make_room(tmp_path, 1 << 62, 0, held)
    assert sorted(p.name for p in tmp_path.iterdir()) == [checkpoints.name(1), checkpoints.name(4)]


def test_a_full_disk_leaves_out_periodic_saves_but_not_the_last(tmp_path: Path, dataset: Path) -> None:
    params = tiny_params(dataset, tmp_path / "run", max_steps=4, save_every=1, keep_free=1 << 62)
    result, seen = train(tmp_path, params)
    assert Path(result["checkpoint"]).name == "step_00000004.ckpt"
    assert "not-saved" in {e.code for e in seen if isinstance(e, events.Warned)}


def test_sounds_to_follow_are_heard_at_every_validation(tmp_path: Path, dataset: Path) -> None:
    sound = tmp_path / "mine.wav"
    soundfile.write(sound, plucks(30000, 4, 2).T, 22050)
    common = {"val_every": 3, "max_steps": 6}
    result, seen = train(
        tmp_path,
        tiny_params(dataset, tmp_path / "run", clips=[str(sound), str(tmp_path / "none.wav")], **common),
        "j1",
    )
    heard = [e for e in seen if isinstance(e, events.Artifact) and e.info.get("role") == "clip"]
    assert [e.info["step"] for e in heard] == [3, 4, 6], "twice by time, once at the switch"
    audio, rate = soundfile.read(heard[-1].path)
    assert rate == 44100
    assert len(audio) == pytest.approx(60000, abs=64)
    assert Path(heard[0].info["original"]).is_file()
    assert "clip" in {e.code for e in seen if isinstance(e, events.Warned)}
    without, _ = train(tmp_path, tiny_params(dataset, tmp_path / "without", **common), "j2")
    a, b = (checkpoints.load(r["checkpoint"])["state_dict"] for r in (result, without))
    assert all(torch.equal(a[key], b[key]) for key in a), "listening must not change the training"


def test_weights_of_another_run_are_taken_where_they_fit(tmp_path: Path, dataset: Path) -> None:
    first, _ = train(tmp_path, tiny_params(dataset, tmp_path / "first", max_steps=2), "j1")
    wider = tiny_params(
        dataset, tmp_path / "second", max_steps=1, init_from=first["checkpoint"],
        overrides=["CAPACITY = 2", "LATENT_SIZE = 6", "PHASE_1_DURATION = 4"],
    )  # fmt: skip
    result, seen = train(tmp_path, wider, "j2")
    report = read_json(tmp_path / "second" / "transfer.json")
    assert result["step"] == 1
    assert {item["name"].partition(".")[0] for item in report["shapes"]} <= {"encoder", "decoder"}
    parts = report["parts"]
    assert parts["discriminator"]["taken"] == parts["discriminator"]["all"]
    assert 0 < parts["encoder"]["taken"] < parts["encoder"]["all"]
    assert next(e.kind for e in seen if isinstance(e, events.Artifact)) == "report"
    model = tiny_model()
    same = transfer.take(model, checkpoints.load(first["checkpoint"])["state_dict"])
    assert same["shapes"] == same["new"] == same["unknown"] == []
    with pytest.raises(EngineError) as caught:
        transfer.take(model, {"something": torch.zeros(3)})
    assert caught.value.code == "nothing-fits"


def test_no_checkpoint_is_written_of_a_model_that_diverged(
    tmp_path: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On devices the loss is looked at every few steps only: the save itself must look."""
    monkeypatch.setattr(Loop, "_check_finite", lambda self, result: setattr(self, "_loss", result.loss))
    original = FastStep.__call__

    def call(self: FastStep, x: torch.Tensor, batch: int, *, log: bool = False) -> Any:
        return original(self, x * float("nan") if batch >= 2 else x, batch, log=log)

    monkeypatch.setattr(FastStep, "__call__", call)
    with pytest.raises(EngineError) as caught:
        train(tmp_path, tiny_params(dataset, tmp_path / "run", save_every=1))
    assert caught.value.code == "diverged"
    assert "step_00000002.ckpt" in caught.value.message
    assert checkpoints.find(tmp_path / "run").name == "step_00000002.ckpt"


def test_save_and_stop_still_work(tmp_path: Path, dataset: Path) -> None:
    params = tiny_params(dataset, tmp_path / "run", max_steps=100000)
    job = make_job(tmp_path / "job", params)
    send(job, "save")
    send(job, "stop")
    assert training.run(params, job)["stopped"] is True


def test_a_checkpoint_says_its_step_without_being_opened_and_a_damaged_one_is_passed_over(
    tmp_path: Path, dataset: Path
) -> None:
    params = tiny_params(dataset, tmp_path / "run", max_steps=3, save_every=2, val_every=2)
    train(tmp_path, params, "j1")
    folder = tmp_path / "run" / "version_0" / "checkpoints"
    inside = wholeness.look_inside(folder / "best.ckpt")
    assert (inside.step in (2, 3), inside.ours) == (True, True)
    newest = folder / checkpoints.name(3)
    data = bytearray(newest.read_bytes())
    data[len(data) // 2] ^= 1
    newest.write_bytes(data)
    assert wholeness.newest_whole(tmp_path / "run").path == folder / checkpoints.name(2)
    _, seen = train(tmp_path, replace(params, max_steps=4), "j2", retry_of="j1")
    (said,) = [e for e in seen if isinstance(e, events.Warned) and e.code == "checkpoint-damaged"]
    assert newest.name in said.message
    assert checkpoints.name(2) in said.message
