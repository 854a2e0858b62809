"""A training as a job: what it writes, what it answers to commands, and what it says when it cannot go on."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import happened, make_dataset, make_job, send, tiny_params, train

from rave_engine import checkpoints, training
from rave_engine.errors import Cancelled, EngineError
from rave_engine.training import data
from rave_protocol import events
from rave_protocol.specs import TrainParams


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dataset(tmp_path_factory.mktemp("data") / "plucks")


def test_a_run_writes_what_upstream_would_and_more(tmp_path: Path, dataset: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = tmp_path / "run"
    result, seen = train(tmp_path, tiny_params(dataset, run, val_every=4))
    assert result["step"] == 8
    assert result["phase"] == "phase 2"
    assert result["checkpoint"] == str(run / "version_0" / "checkpoints" / "step_00000008.ckpt")
    assert Path(result["best"]).name == "best.ckpt"
    board = EventAccumulator(str(run / "version_0"))
    board.Reload()
    tags = board.Tags()
    assert set(tags["scalars"]) == {
        *(
            "beta_factor",
            "multiband_spectral_distance",
            "fullband_spectral_distance",
            "regularization",
            "epoch",
        ),
        *("loss_dis", "pred_real", "pred_fake", "feature_matching", "adversarial"),
        *("validation", "fidelity_0.8", "fidelity_0.9", "fidelity_0.95", "fidelity_0.99"),
        *("learning_rate", "learning_rate_discriminator"),
    }
    assert [e.step for e in board.Scalars("multiband_spectral_distance")] == [3, 7]
    assert tags["audio"] == ["audio_val"]
    assert {t.split("/")[0] for t in tags["tensors"]} == {"config", "model"}
    in_events: dict[tuple[str, int], float] = {}
    for event in seen:
        if isinstance(event, events.Metric):
            in_events.update({(tag, event.step): value for tag, value in event.values.items()})
    for tag in tags["scalars"]:
        for point in board.Scalars(tag):
            assert in_events[tag, point.step] == pytest.approx(point.value), tag
    saved = [e for e in seen if isinstance(e, events.Artifact) and e.kind == "checkpoint"]
    assert {Path(e.path).name for e in saved} == {"best.ckpt", "step_00000004.ckpt", "step_00000008.ckpt"}
    assert [e.phase for e in seen if isinstance(e, events.Progress)][-1] == "phase 2"


def test_upstream_opens_config_and_weights(tmp_path: Path, dataset: Path) -> None:
    """As ``rave export`` does: parse config.gin, ``rave.RAVE()``, ``torch.load(...)["state_dict"]``; stereo, which needs more."""
    from rave_engine import compat

    compat.install()
    import gin
    import rave
    import rave.core

    run = tmp_path / "run"
    stereo = make_dataset(tmp_path / "stereo", chunks=6, channels=2)
    train(tmp_path, tiny_params(stereo, run, channels=2, max_steps=2))
    gin.clear_config()
    gin.config._CONFIG_IS_LOCKED = False
    gin.parse_config_file(str(run / "config.gin"))
    model = rave.RAVE()
    assert model.n_channels == 2
    newest = rave.core.search_for_run(str(run))
    missing, unexpected = model.load_state_dict(
        torch.load(newest, map_location="cpu")["state_dict"], strict=False
    )
    assert (missing, unexpected) == ([], [])
    assert Path(rave.core.search_for_config(newest)).resolve() == run / "config.gin"


class Watched:
    """Runs a training and sends commands when a given event appears; the job context is the real one."""

    def __init__(self, folder: Path, params: TrainParams) -> None:
        self.job = make_job(folder, params)
        self.params = params
        self.reactions: list[tuple[Callable[[Any], bool], str]] = []
        emit = self.job.emit

        def watch(event: Any) -> None:
            emit(event)
            for reaction in list(self.reactions):
                if reaction[0](event):
                    self.reactions.remove(reaction)
                    send(self.job, reaction[1])
                    self.job._next_poll = 0.0

        self.job.emit = watch  # type: ignore[method-assign]

    def when(self, matches: Callable[[Any], bool], command: str) -> None:
        self.reactions.append((matches, command))

    def run(self) -> dict[str, Any]:
        return training.run(self.params, self.job)

    @property
    def seen(self) -> list[Any]:
        return happened(self.job)


def at_step(number: int) -> Callable[[Any], bool]:
    return lambda e: isinstance(e, events.Metric) and e.step >= number and "validation" not in e.values


def test_stop_saves_and_ends(tmp_path: Path, dataset: Path) -> None:
    watched = Watched(tmp_path / "job", tiny_params(dataset, tmp_path / "run", max_steps=10_000, log_every=1))
    watched.when(at_step(2), "stop")
    result = watched.run()
    assert result["stopped"] is True
    assert 3 <= result["step"] < 10_000
    state = checkpoints.load(result["checkpoint"])
    assert state["global_step"] == result["step"]
    assert bool(state["state_dict"]["fidelity"].any()), "without a latent analysis an export has one latent"
    assert any(isinstance(e, events.Ack) and e.ok for e in watched.seen)


def test_pause_save_preview_resume_phase2(tmp_path: Path, dataset: Path) -> None:
    params = tiny_params(
        dataset,
        tmp_path / "run",
        max_steps=40,
        log_every=1,
        overrides=["CAPACITY = 2", "LATENT_SIZE = 4", "PHASE_1_DURATION = 1000"],
    )
    watched = Watched(tmp_path / "job", params)
    watched.when(at_step(1), "pause")
    watched.when(lambda e: isinstance(e, events.Paused), "save")
    saved: Callable[[Any], bool] = lambda e: isinstance(e, events.Artifact) and e.kind == "checkpoint"  # noqa: E731
    watched.when(saved, "preview")
    watched.when(lambda e: isinstance(e, events.Artifact) and e.kind == "audio", "resume")
    watched.when(lambda e: isinstance(e, events.Resumed), "phase2")
    result = watched.run()
    seen = watched.seen
    kinds = [type(e) for e in seen]
    assert kinds.index(events.Paused) < kinds.index(events.Resumed)
    between = seen[kinds.index(events.Paused) : kinds.index(events.Resumed)]
    assert not any(at_step(0)(e) for e in between), "trained while paused"
    assert any(isinstance(e, events.Artifact) and e.kind == "audio" for e in between)
    acks = [e for e in seen if isinstance(e, events.Ack)]
    assert len(acks) == 5
    assert all(e.ok for e in acks)
    assert result["phase"] == "phase 2"
    assert result["step"] == 40


def test_cancel_keeps_what_was_saved(tmp_path: Path, dataset: Path) -> None:
    run = tmp_path / "run"
    watched = Watched(
        tmp_path / "job", tiny_params(dataset, run, max_steps=10_000, save_every=2, log_every=1)
    )
    watched.when(at_step(4), "cancel")
    with pytest.raises(Cancelled):
        watched.run()
    left = sorted(p.name for p in (run / "version_0" / "checkpoints").iterdir())
    assert "step_00000002.ckpt" in left
    assert not [name for name in left if name.endswith(".tmp")]


def test_retention_keeps_best_switch_and_last(tmp_path: Path, dataset: Path) -> None:
    run = tmp_path / "run"
    train(tmp_path, tiny_params(dataset, run, save_every=1, keep_last=2))
    names = sorted(p.name for p in (run / "version_0" / "checkpoints").iterdir())
    assert names == ["best.ckpt", *(f"step_{n:08d}.ckpt" for n in (4, 7, 8))]


def test_discrete_models_quantise(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "ds", chunks=4)
    overrides = [
        "CAPACITY = 2",
        "NUM_QUANTIZERS = 2",
        "CODEBOOK_SIZE = 8",
        "LATENT_SIZE = 4",
        "PHASE_1_DURATION = 2",
    ]
    overrides += ["NOISE_AUGMENTATION = 4", "RAVE.valid_signal_crop = False"]
    params = tiny_params(
        dataset, tmp_path / "run", configs=["discrete"], overrides=overrides, batch=1, max_steps=3
    )
    result, _ = train(tmp_path, params)
    weights = checkpoints.load(result["checkpoint"])["state_dict"]
    assert int(weights["encoder.enabled"]) == 1
    inited = [value for key, value in weights.items() if key.endswith("_codebook.inited")]
    assert inited
    assert all(bool(value) for value in inited)


def corrupt(folder: Path) -> None:
    (folder / "data.mdb").write_bytes(b"\0" * 65536)


@pytest.mark.parametrize(
    ("code", "changes", "spoil"),
    [
        ("dataset-missing", {}, shutil.rmtree),
        ("dataset-corrupt", {}, corrupt),
        ("dataset-corrupt", {}, lambda d: (d / "metadata.yaml").write_text("[")),
        ("dataset-channels", {"channels": 2}, None),
        ("n-signal-too-long", {"n_signal": 131072}, None),
        ("n-signal", {"n_signal": 32768 + 100}, None),
        ("n-signal", {"configs": ["v2"], "n_signal": 65536}, None),
        ("config-missing", {"configs": ["v9"]}, None),
        ("unknown-override", {"overrides": ["CAPACITTY = 4"]}, None),
        ("config-invalid", {"configs": ["spherical"], "overrides": []}, None),
        ("no-device", {"device": "cuda:7"}, None),
        ("no-checkpoint", {"resume": "NOWHERE"}, None),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_written(
    tmp_path: Path, dataset: Path, code: str, changes: dict[str, Any], spoil: Callable[[Path], Any] | None
) -> None:
    mine = tmp_path / "ds"
    shutil.copytree(dataset, mine)
    if spoil:
        spoil(mine)
    if "resume" in changes:
        changes = {"resume": str(tmp_path / "empty")}
        (tmp_path / "empty").mkdir()
    with pytest.raises(EngineError) as caught:
        train(tmp_path, tiny_params(mine, tmp_path / "run", **changes))
    assert caught.value.code == code
    assert caught.value.message.endswith((".", "?"))
    assert caught.value.hint
    assert not (tmp_path / "run").exists()


def test_a_loss_that_is_not_a_number_stops_the_training(
    tmp_path: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = data.SeededExamples.__getitem__

    def poisoned(self: Any, key: tuple[int, int]) -> torch.Tensor:
        audio = real(self, key)
        return audio * float("nan") if key[0] >= 1 else audio

    monkeypatch.setattr(data.SeededExamples, "__getitem__", poisoned)
    run = tmp_path / "run"
    with pytest.raises(EngineError) as caught:
        train(tmp_path, tiny_params(dataset, run, save_every=1, keep_last=0, max_steps=50))
    assert caught.value.code == "diverged"
    newest = checkpoints.find(run)
    assert str(newest) in caught.value.message
    assert all(bool(torch.isfinite(v).all()) for v in checkpoints.load(newest)["state_dict"].values())


def test_a_full_disk_loses_no_old_checkpoint(
    tmp_path: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = checkpoints._Remembering.write
    budget = {"saves": 2}

    def write(self: Any, block: Any) -> int:
        if budget["saves"] <= 0:
            self.failure = OSError(errno.ENOSPC, "No space left on device")
            raise self.failure
        return real(self, block)

    real_save = checkpoints.save

    def save(path: Path, state: dict[str, Any]) -> None:
        real_save(path, state)
        budget["saves"] -= 1

    monkeypatch.setattr(checkpoints._Remembering, "write", write)
    monkeypatch.setattr(checkpoints, "save", save)
    run = tmp_path / "run"
    params = tiny_params(
        dataset, run, save_every=1, max_steps=5, overrides=["CAPACITY = 2", "LATENT_SIZE = 4"]
    )
    job = make_job(tmp_path / "job", params)
    with pytest.raises(OSError, match="No space left"):
        training.run(params, job)
    seen = happened(job)
    assert [e.code for e in seen if isinstance(e, events.Warned)].count("not-saved") >= 3
    left = sorted(p.name for p in (run / "version_0" / "checkpoints").iterdir())
    assert left == ["step_00000001.ckpt", "step_00000002.ckpt"]
    assert checkpoints.load(checkpoints.find(run))["global_step"] == 2


def test_few_chunks_still_train(tmp_path: Path) -> None:
    dataset = make_dataset(tmp_path / "one", chunks=1)
    result, seen = train(tmp_path, tiny_params(dataset, tmp_path / "run", batch=3, max_steps=2))
    assert result["step"] == 2
    assert {e.code for e in seen if isinstance(e, events.Warned)} >= {"no-validation", "few-chunks"}


def test_the_split_is_upstreams_where_that_leaves_enough() -> None:
    from rave_engine import compat

    compat.install()
    import rave.dataset

    for count in (500, 5000):
        theirs = rave.dataset.split_dataset(range(count), 98, max_residual=1000 if count > 100 else None)
        ours = data.split(count, holdout=8)
        assert (ours.train, ours.val) == (list(theirs[0].indices), list(theirs[1].indices))
    for count in range(2, 60):
        small = data.split(count, holdout=8)
        assert sorted(small.train + small.val) == list(range(count))
        assert 1 <= len(small.val) <= max(count // 4, 1)


def test_order_is_the_same_from_any_point() -> None:
    order = data.Order(range(10, 17), 2, seed=4)
    flow = iter(order)
    first = [next(flow) for _ in range(9)]
    assert order.per_epoch == 3
    for position, batch in enumerate(first):
        later = data.Order(range(10, 17), 2, seed=4)
        later.start = divmod(position, 3)
        assert next(iter(later)) == batch
    assert [key[0] for batch in first for key in batch] == [0] * 6 + [1] * 6 + [2] * 6
    assert len({index for batch in first[:3] for _, index in batch}) == 6


def test_silent_crops_are_drawn_again() -> None:
    """Three quarters of the chunk are digital silence; no crop of it is."""
    from rave_engine import compat

    compat.install()
    import numpy as np

    class HalfSilent:
        def __getitem__(self, index: int) -> Any:
            start = np.random.randint(0, 4)
            return np.full((1, 8), 0.5 if start == 0 else 1e-5, dtype=np.float32)

    examples = data.SeededExamples(HalfSilent(), seed=1)
    peaks = [float(examples[epoch, 0].max()) for epoch in range(100)]
    assert sum(peak < data.SILENCE for peak in peaks) < 40, "a single draw gives about 75"
    assert [float(examples[epoch, 0].max()) for epoch in range(100)] == peaks


def test_loading_does_not_use_the_trainings_randomness(dataset: Path, tmp_path: Path) -> None:
    from rave_engine import compat, configs

    compat.install()
    params = tiny_params(dataset, tmp_path / "run")
    configs.compose(params.configs, params.overrides, channels=1)
    examples = data.SeededExamples(data.open_dataset(params, 44100), seed=2)
    torch.manual_seed(9)
    expected = torch.rand(3)
    torch.manual_seed(9)
    first = examples[0, 1]
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(examples[0, 1], first)
    assert not torch.equal(examples[1, 1], first), "another epoch crops elsewhere"
    data.close(examples.dataset)


def test_as_many_threads_as_the_specification_says(tmp_path: Path, dataset: Path) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        train(tmp_path, tiny_params(dataset, tmp_path / "run", max_steps=1, threads=1))
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
