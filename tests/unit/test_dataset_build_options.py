"""What the parameters of a dataset do to its sound, heard in the dataset; pausing and going on within one long recording."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import soundfile

from rave_gui.audio.loudness import Meter
from rave_gui.datasets import build, intake, lazy, messages, parameters, pool, progress
from rave_gui.datasets.check import check
from rave_gui.datasets.measure import measure
from rave_gui.datasets.read import Dataset
from rave_gui.datasets.sidecar import Sidecar
from rave_gui.errors import UserError
from rave_protocol import jobfolder
from rave_protocol.commands import Command
from rave_protocol.files import LineFollower, append_line
from rave_protocol.specs import DatasetParams
from rave_protocol.work import WorkContext

RATE = 44100
N = 2048
CHUNK = 2 * N


def write(path: Path, audio: np.ndarray, rate: int = RATE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio, rate, subtype="PCM_16")


def noise(samples: int, seed: int = 0, channels: int = 1, level: float = 0.2) -> np.ndarray:
    """Float [samples, channels], on the grid of 16 bits."""
    data = np.random.default_rng(seed).normal(0, level, (samples, channels)).clip(-1, 1)
    grid: np.ndarray = np.round(data * 32767) / 32768
    return grid


def context(tmp_path: Path) -> WorkContext:
    (tmp_path / "job").mkdir(exist_ok=True)
    return WorkContext(tmp_path / "job")


def make(tmp_path: Path, **changes: Any) -> dict[str, Any]:
    params = {"sources": [str(tmp_path / "in")], "output": str(tmp_path / "out"), "num_signal": N, **changes}
    return build.run(DatasetParams(**params), context(tmp_path))


def stored(tmp_path: Path) -> np.ndarray:
    """Float [chunks, channels, samples]."""
    with Dataset(tmp_path / "out") as dataset:
        assert [finding for finding in dataset.check() if finding] == []
        return np.stack([c.audio for c in dataset if c.audio is not None]).astype(np.float64) / 32768


def test_every_channel_by_itself(tmp_path: Path) -> None:
    stereo, mono = noise(2 * CHUNK + 300, 1, 2), noise(CHUNK, 2)
    short = noise(CHUNK // 2, 3, 2)
    write(tmp_path / "in" / "a.wav", stereo)
    write(tmp_path / "in" / "b.wav", mono)
    write(tmp_path / "in" / "c.wav", short)
    result = make(tmp_path, mono="separate")
    audio = stored(tmp_path)[:, 0]
    left, right = stereo.T
    expected = [
        left[:CHUNK], right[:CHUNK], left[CHUNK : 2 * CHUNK], right[CHUNK : 2 * CHUNK], left[-CHUNK:], right[-CHUNK:],
        mono[:, 0], np.concatenate([short[:, 0], short[:, 1]]),
    ]  # fmt: skip
    assert np.array_equal(audio, np.stack(expected))
    assert result["seconds_lost"] == pytest.approx(0)
    sidecar = Sidecar(tmp_path / "out" / "sources.sqlite", read_only=True)
    assert [part.channel for index in range(8) for part in sidecar.parts(index)] == [
        0,
        1,
        0,
        1,
        0,
        1,
        0,
        0,
        1,
    ]
    assert [(part.start, part.length) for part in sidecar.parts(5)] == [(CHUNK + 300, CHUNK)]
    sidecar.close()


def test_silence_is_cut_and_every_chunk_knows_where_it_was(tmp_path: Path) -> None:
    sound = noise(4 * RATE, 4)
    sound[: RATE // 2] = 0  # before the first sound
    sound[RATE : 3 * RATE] = 1e-4  # a pause of 2 s, at -80 dB
    sound[int(3.5 * RATE) : int(3.5 * RATE) + RATE // 10] = 0  # a breath
    write(tmp_path / "in" / "a.wav", sound)
    result = make(tmp_path, trim_silence=True, trim_seconds=0.4)
    margin = round(0.1 * RATE)
    kept = np.concatenate([sound[RATE // 2 - margin : RATE + margin], sound[3 * RATE - margin :]])[:, 0]
    audio = stored(tmp_path)[:, 0]
    whole = len(kept) // CHUNK
    assert np.array_equal(np.round(audio[:whole].ravel() * 32768), np.round(kept[: whole * CHUNK] * 32768))
    assert np.array_equal(np.round(audio[-1] * 32768), np.round(kept[-CHUNK:] * 32768))
    assert result["seconds_lost"] == pytest.approx(4 - len(kept) / RATE, abs=1e-4)
    with Dataset(tmp_path / "out") as dataset:
        for index in range(len(dataset)):
            for origin in dataset.origins(index):
                there = sound[origin.start : origin.start + origin.length, 0]
                here = audio[index, origin.position : origin.position + origin.length]
                assert np.abs(there - here).max() < 1 / 32768
        (row,) = dataset.files()
        assert row.trimmed == pytest.approx(result["seconds_lost"])


def test_a_recording_of_silence_is_left_out_and_named(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.wav", noise(CHUNK))
    write(tmp_path / "in" / "silent.wav", np.zeros(2 * RATE))
    result = make(tmp_path, trim_silence=True)
    assert [(Path(p["path"]).name, p["code"]) for p in result["problems"]] == [("silent.wav", "silent")]
    assert result["seconds_lost"] == pytest.approx(2.0)


@pytest.mark.parametrize("long", [False, True])
def test_levels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, long: bool) -> None:
    """One gain a file; measured and applied alike whether the file is kept in memory or decoded twice."""
    seconds = 100 if long else 2  # KEEP_LIMIT is 16 MiB of float samples, 95 s of mono
    t = np.arange(seconds * RATE) / RATE
    write(tmp_path / "in" / "soft.wav", 0.02 * np.sin(2 * np.pi * 997 * t))
    write(
        tmp_path / "in" / "spiky.wav",
        np.where(np.arange(2 * RATE) % 9000 == 0, 0.9, 0.001 * np.sin(t[: 2 * RATE])),
    )
    make(
        tmp_path, normalise="loudness", loudness_target=-20.0, peak_target=-3.0, output=str(tmp_path / "loud")
    )
    with Dataset(tmp_path / "loud") as dataset:
        soft, spiky = dataset.files()
        meter = Meter(RATE, 1)
        for index in range(len(dataset)):
            if Path(dataset.origins(index)[0].path).name == "soft.wav":
                meter.push(dataset.audio(index) * np.float32(32767 / 32768))
        meter.finish()
        assert meter.loudness == pytest.approx(-20.0, abs=0.1)
        highest = max(np.abs(dataset.audio(i)).max() for i in range(len(dataset)))
        assert 20 * np.log10(highest) == pytest.approx(-3.0, abs=0.02), "the spikes are not clipped"
        assert spiky.gain == pytest.approx(10 ** (-3 / 20) / 0.9, rel=1e-3)
        assert soft.gain > 1
    make(tmp_path, normalise="peak", peak_target=-6.0)
    assert 20 * np.log10(np.abs(stored(tmp_path)).max()) == pytest.approx(-6.0, abs=0.01)


def test_copies_are_taken_once_and_listed(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.wav", noise(CHUNK, 1))
    write(tmp_path / "in" / "b.wav", noise(CHUNK, 2))
    shutil.copy(tmp_path / "in" / "a.wav", tmp_path / "in" / "c.wav")
    result = make(tmp_path, duplicates="skip")
    assert result["chunks"] == 2
    assert [(Path(row["path"]).name, row["code"]) for row in result["skipped"]] == [("c.wav", "duplicate")]
    states = {Path(state.path).name: state.state for state in progress.read(tmp_path / "job")}
    assert states == {"a.wav": "done", "b.wav": "done", "c.wav": "skipped"}
    with Dataset(tmp_path / "out") as dataset:
        assert all(len(row.hash) == 20 for row in dataset.files())


def test_kinds_and_excluded_paths(tmp_path: Path) -> None:
    for name in ("a.wav", "b.flac", "no/c.wav", "d.wav"):
        write(tmp_path / "in" / name, noise(CHUNK, len(name)))
    leave = [str(tmp_path / "in" / "no"), str(tmp_path / "in" / "d.wav")]
    assert make(tmp_path, extensions=["wav"], exclude=leave)["files"] == 1


def test_a_dataset_larger_than_allowed_is_not_made(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.wav", noise(20 * CHUNK))
    with pytest.raises(UserError) as caught:
        make(tmp_path, max_size=10 * CHUNK)
    assert caught.value.code == "too-large"
    assert "164.2 kB" not in caught.value.message
    assert "41 kB are allowed" in caught.value.message
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["in", "job"]
    with pytest.raises(UserError) as caught:
        make(tmp_path, max_size=10 * CHUNK, trim_silence=True)  # only decoding tells what is left of it
    assert (caught.value.code, (tmp_path / "out").exists()) == ("too-large", False)


def test_a_lazy_dataset_holds_places_and_follows_a_move(tmp_path: Path) -> None:
    write(tmp_path / "p" / "in" / "a.wav", noise(5 * RATE))
    write(tmp_path / "p" / "in" / "short.wav", noise(100))
    (tmp_path / "p" / "in" / "bad.wav").write_text("no")
    places = {"sources": [str(tmp_path / "p" / "in")], "output": str(tmp_path / "p" / "data" / "d")}
    result = make(tmp_path, lazy=True, **places)
    assert (result["chunks"], result["examples"]) == (1, 5 * RATE // N)
    assert sorted(p["code"] for p in result["problems"]) == ["too-short", "unreadable"]
    (tmp_path / "p").rename(tmp_path / "q")
    data = tmp_path / "q" / "data" / "d"
    assert lazy.moved(data)
    assert lazy.refresh(data) == lazy.Refreshed(1, 1, [])
    with Dataset(data) as dataset:
        assert dataset.lazy
        assert [finding for finding in dataset.check() if finding] == []
        assert (dataset.info.chunks, dataset.info.examples) == (1, result["examples"])
        record = dataset.chunk(0).metadata
    assert record["path"] == str(tmp_path / "q" / "in" / "a.wav")
    assert (record["length"], record["channels"]) == ("5.0", "1")
    assert check(data).sound
    assert not lazy.moved(data)
    (tmp_path / "q" / "in" / "a.wav").unlink()
    assert lazy.refresh(data).missing == [record["path"]]


def test_the_examples_of_a_lazy_dataset_are_counted_as_when_it_was_made(tmp_path: Path) -> None:
    for number in range(
        3
    ):  # one and three quarters of an example each: three are drawn, not the five that all of it would make
        write(tmp_path / "in" / f"{number}.wav", noise(N + 3 * N // 4, number))
    result = make(tmp_path, lazy=True)
    assert (result["chunks"], result["examples"]) == (3, 3)
    with Dataset(result["path"]) as dataset:
        assert (dataset.info.chunks, dataset.info.examples) == (3, 3)


def test_a_long_recording_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "COMMIT_SECONDS", 0.0)
    write(tmp_path / "in" / "0 long.wav", noise(60 * RATE, 7))  # more than travels over the pipe
    write(tmp_path / "in" / "1 short.wav", noise(900, 8))
    make(tmp_path, output=str(tmp_path / "reference"), num_signal=32768)
    given: list[messages.Task] = []
    submit, settle = pool.DecodePool.submit, intake.Intake.settle

    def fail(self: intake.Intake) -> None:
        settle(self)
        if self.chunks == 11:
            raise RuntimeError("interrupted")

    wanted = DatasetParams([str(tmp_path / "in")], str(tmp_path / "out"), 32768)
    with monkeypatch.context() as patch:
        patch.setattr(intake.Intake, "settle", fail)
        with pytest.raises(RuntimeError, match="interrupted"):
            build.run(wanted, context(tmp_path))

    def noted(self: pool.DecodePool, task: messages.Task) -> None:
        given.append(task)
        submit(self, task)

    monkeypatch.setattr(pool.DecodePool, "submit", noted)
    build.run(wanted, context(tmp_path))
    assert given[0].skip == 11, "chunks that were stored are not handed over again"
    with Dataset(tmp_path / "reference") as a, Dataset(tmp_path / "out") as b:
        assert len(a) == len(b) == 42
        assert all(np.array_equal(a.audio(i), b.audio(i)) for i in range(len(a)))
        assert [a.origins(i) for i in range(len(a))] == [b.origins(i) for i in range(len(b))]
        assert a.files() == b.files()


def test_pause_stops_the_decoders_and_resume_lets_them_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first file is held up by the test itself, so that the pause always comes while decoders are at work."""
    for i in range(3):
        write(tmp_path / "in" / f"{i}.wav", noise(5 * RATE, i))
    job = context(tmp_path)
    submit, suspend = pool.DecodePool.submit, pool.DecodePool.suspend
    states: list[list[str]] = []

    def held(self: pool.DecodePool, task: messages.Task) -> None:
        submit(self, task)
        if task.index == 0:
            suspend(self, pause=True)
            append_line(job.folder / jobfolder.COMMANDS, Command("pause"))

    def noted(self: pool.DecodePool, pause: bool) -> None:
        suspend(self, pause)
        states.append([psutil.Process(pid).status() for pid in self.pids])

    monkeypatch.setattr(pool.DecodePool, "submit", held)
    monkeypatch.setattr(pool.DecodePool, "suspend", noted)
    outcome: dict[str, Any] = {}
    thread = threading.Thread(target=lambda: outcome.update(make(tmp_path)))
    thread.start()
    events = LineFollower(job.folder / jobfolder.EVENTS)
    seen: list[str] = []
    deadline = time.monotonic() + 60
    while not (states and "paused" in seen) and time.monotonic() < deadline:
        seen += [event["type"] for event in events.read()]
    assert set(states[0]) == {psutil.STATUS_STOPPED}
    append_line(job.folder / jobfolder.COMMANDS, Command("resume"))
    thread.join(60)
    assert outcome["files"] == 3
    assert len(states) == 2
    assert psutil.STATUS_STOPPED not in states[1]
    seen += [event["type"] for event in events.read()]
    assert seen.count("resumed") == 1
    assert seen.count("ack") == 2


def test_a_pause_before_the_first_decoder_holds_everything(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.wav", noise(CHUNK))
    job = context(tmp_path)
    append_line(job.folder / jobfolder.COMMANDS, Command("pause"))
    outcome: dict[str, Any] = {}
    thread = threading.Thread(target=lambda: outcome.update(make(tmp_path)))
    thread.start()
    events = LineFollower(job.folder / jobfolder.EVENTS)
    seen: list[str] = []
    deadline = time.monotonic() + 60
    while "paused" not in seen and time.monotonic() < deadline:
        seen += [event["type"] for event in events.read()]
    assert not (tmp_path / "out").exists()
    append_line(job.folder / jobfolder.COMMANDS, Command("resume"))
    thread.join(60)
    assert outcome["chunks"] == 1


def test_one_recording_is_measured(tmp_path: Path) -> None:
    t = np.arange(4 * RATE) / RATE
    sine = 10 ** (-23 / 20) * np.sin(2 * np.pi * 997 * t)
    write(tmp_path / "a.wav", np.stack([sine, sine], 1))
    found = measure(str(tmp_path / "a.wav"))
    assert found.seconds == pytest.approx(4.0)
    assert found.peak_db == pytest.approx(-23, abs=0.05)
    assert found.loudness == pytest.approx(
        -23, abs=0.1
    )  # a sine of -23 dBFS in both channels: EBU Tech 3341, case 1
    assert found.silence < 0.01
    write(tmp_path / "b.wav", np.zeros(RATE))
    silent = measure(str(tmp_path / "b.wav"))
    assert (silent.peak_db, silent.loudness, silent.silence) == (None, None, 1.0)
    (tmp_path / "c.wav").write_text("no sound")
    assert measure(str(tmp_path / "c.wav")).code == "unreadable"


def test_parameters_are_declared_once_and_completely() -> None:
    fields = set(DatasetParams.__dataclass_fields__) - {"sources", "output"}
    assert {item.key for item in parameters.PARAMETERS} == fields
    assert parameters.problems(parameters.defaults()) == {}
    for item in parameters.PARAMETERS:
        assert item.group in {group.key for group in parameters.GROUPS}
        assert item.help.endswith((".", "!"))
        assert item.problem(object()) is not None
        if item.needs:
            assert parameters.parameter(item.needs[0])
    assert "mono" in parameters.problems({"mono": "separate", "channels": 2})
    assert list(parameters.problems({"num_signal": 3, "what": 1})) == ["num_signal", "what"]


def test_the_reference_of_parameters_is_current() -> None:
    from tools import parameter_docs

    page = parameter_docs.DATASETS.read_text(encoding="utf-8")
    assert page == parameter_docs.dataset_page(), "run: python -m tools.parameter_docs"
