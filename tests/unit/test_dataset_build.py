"""Building datasets from real files with the real process pool: every sample accounted for, order, damage, resume."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from rave_gui.datasets import build, intake
from rave_gui.datasets.read import Dataset
from rave_gui.errors import UserError
from rave_protocol import jobfolder
from rave_protocol.commands import Command
from rave_protocol.files import LineFollower, append_line
from rave_protocol.specs import DatasetParams
from rave_protocol.work import Cancelled, WorkContext

RATE = 44100
N = 2048  # num_signal: a chunk is 4096 samples
CHUNK = 2 * N


def context(tmp_path: Path) -> WorkContext:
    folder = tmp_path / "job"
    folder.mkdir(exist_ok=True)
    return WorkContext(folder)


def events(tmp_path: Path, kind: str) -> list[dict[str, Any]]:
    return [e for e in LineFollower(tmp_path / "job" / jobfolder.EVENTS).read() if e["type"] == kind]


def noise(path: Path, samples: int, channels: int = 1, seed: int | None = None) -> np.ndarray:
    """Write reproducible 16-bit noise; int16 [samples, channels]."""
    rng = np.random.default_rng(seed if seed is not None else sum(path.name.encode()))
    data = rng.integers(-20000, 20000, (samples, channels), np.int16)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, data, RATE)
    return data


def make(tmp_path: Path, source: Path, **changes: Any) -> dict[str, Any]:
    params = {"sources": [str(source)], "output": str(tmp_path / "data set ü"), "num_signal": N, **changes}
    return build.run(DatasetParams(**params), context(tmp_path))


def stored(path: str) -> np.ndarray:
    """All chunks, int16 [chunks, channels, samples]; the dataset must check out."""
    with Dataset(path) as dataset:
        assert [finding for finding in dataset.check() if finding] == []
        return np.stack([chunk.audio for chunk in dataset if chunk.audio is not None])


def test_every_sample_of_every_file_in_order(tmp_path: Path) -> None:
    source = tmp_path / "sounds é 音"
    long = noise(source / "b" / "long.wav", 5 * CHUNK + 100)
    first = noise(source / "a.flac", CHUNK)
    short = [noise(source / "z" / f"{i}.WAV", 1500) for i in range(5)]
    (source / "notes.txt").write_text("no sound")
    (source / "._a.flac").write_bytes(b"attributes")
    result = make(tmp_path, source)

    audio = stored(result["path"])[:, 0]
    joined = np.concatenate(short)[:, 0]
    # Tails are filled up with the sound before them: the last chunk ends where the file ends.
    whole = [first[:, 0], long[: 5 * CHUNK, 0], long[-CHUNK:, 0], joined[:CHUNK], joined[-CHUNK:]]
    expected = np.concatenate(whole).reshape(-1, CHUNK)
    assert np.array_equal(audio, expected)

    seconds = (CHUNK + long.size + 7500) / RATE
    assert result["chunks"] == 9
    assert result["files"] == 7
    assert result["problems"] == []
    assert result["seconds_usable"] == pytest.approx(seconds)
    assert result["seconds_lost"] == pytest.approx(0)
    assert (result["sample_rate"], result["channels"], result["num_signal"]) == (RATE, 1, N)
    assert result["throughput"] == pytest.approx(seconds / result["elapsed"])
    assert sorted(entry.name for entry in Path(result["path"]).iterdir()) == [
        "data.mdb",
        "metadata.yaml",
        "sources.sqlite",
    ]
    assert [entry.name for entry in tmp_path.iterdir() if "building" in entry.name] == []

    with Dataset(result["path"]) as dataset:
        assert (dataset.info.chunks, dataset.info.num_signal, dataset.info.sidecar) == (9, N, True)
        tail = dataset.origins(6)
        assert [(Path(o.path).name, o.position, o.start, o.length) for o in tail] == [
            ("long.wav", 0, 4 * CHUNK + 100, CHUNK)
        ]
        second = dataset.origins(8)
        assert [(Path(o.path).name, o.position, o.start, o.length) for o in second] == [
            ("2.WAV", 0, 404, 1096), ("3.WAV", 1096, 0, 1500), ("4.WAV", 2596, 0, 1500)
        ]  # fmt: skip
        assert [row.channels for row in dataset.files()] == [1] * 7
    progress = events(tmp_path, "progress")[-1]
    assert progress["done"] == pytest.approx(seconds)
    assert progress["total"] == pytest.approx(seconds)


def test_dropping_tails_and_skipping_short_files_says_what_is_lost(tmp_path: Path) -> None:
    source = tmp_path / "in"
    noise(source / "a.wav", 2 * CHUNK + 1000)
    noise(source / "b.wav", 700)
    result = make(tmp_path, source, tails="drop", short_files="skip")
    assert result["chunks"] == 2
    assert result["seconds_usable"] == pytest.approx(2 * CHUNK / RATE)
    assert result["seconds_lost"] == pytest.approx(1700 / RATE)
    assert [(Path(p["path"]).name, p["code"]) for p in result["problems"]] == [("b.wav", "too-short")]
    with Dataset(result["path"]) as dataset:
        assert [round(row.lost * RATE) for row in dataset.files()] == [1000, 700]


def test_short_files_can_be_padded_each_for_itself(tmp_path: Path) -> None:
    source = tmp_path / "in"
    data = [noise(source / f"{i}.wav", 1000 + i) for i in range(3)]
    result = make(tmp_path, source, short_files="pad")
    audio = stored(result["path"])[:, 0]
    assert audio.shape == (3, CHUNK)
    for i, samples in enumerate(data):
        assert np.array_equal(audio[i], np.resize(samples[:, 0], CHUNK))
    with Dataset(result["path"]) as dataset:
        assert [(o.position, o.start, o.length) for o in dataset.origins(2)] == [
            (0, 0, 1002), (1002, 0, 1002), (2004, 0, 1002), (3006, 0, 1002), (4008, 0, 88)
        ]  # fmt: skip
    assert result["seconds_usable"] == pytest.approx(3003 / RATE)


def test_long_digital_silence_is_pointed_out(tmp_path: Path) -> None:
    source = tmp_path / "in"
    data = noise(source / "a.wav", 3 * CHUNK)
    data[CHUNK - 500 : CHUNK + N + 100] = 0  # in the second chunk: num_signal + 100 samples
    data[2 * CHUNK + 50 : 2 * CHUNK + N] = 0  # in the third: too short to fill an example
    soundfile.write(source / "a.wav", data, RATE)
    result = make(tmp_path, source)
    assert result["silent_chunks"] == 1
    assert [e["code"] for e in events(tmp_path, "warning")] == ["silence"]


def test_stereo_chunks_are_laid_out_channel_after_channel(tmp_path: Path) -> None:
    source = tmp_path / "in"
    stereo = noise(source / "a.wav", CHUNK, channels=2)
    mono = noise(source / "b.wav", CHUNK)
    joined = noise(source / "c.wav", 1000, channels=2)
    result = make(tmp_path, source, channels=2)
    audio = stored(result["path"])
    assert audio.shape == (3, 2, CHUNK)
    assert np.array_equal(audio[0], stereo.T)
    assert np.array_equal(audio[1], np.repeat(mono, 2, axis=1).T)
    assert np.array_equal(audio[2], np.stack([np.resize(channel, CHUNK) for channel in joined.T]))


def test_a_large_file_passes_through_the_spool_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "INLINE_LIMIT", 1 << 18)
    source = tmp_path / "in"
    data = [
        noise(source / f"{i}.wav", size, seed=i)
        for i, size in enumerate((3_000_000, 400_000, 150_000, 2_100_001))
    ]
    result = make(tmp_path, source, num_signal=8192)
    audio = stored(result["path"])[:, 0]
    whole = [np.append(d[: d.size // 16384 * 16384, 0], d[-16384:, 0]) for d in data]
    expected = np.concatenate(whole).reshape(-1, 16384)
    assert np.array_equal(audio, expected)


@pytest.mark.skipif(sys.platform == "win32", reason="makes links and a named pipe")
def test_bad_files_are_set_aside_with_their_reason_and_the_rest_goes_on(tmp_path: Path) -> None:
    source = tmp_path / "in"
    good = noise(source / "good.wav", CHUNK)
    (source / "empty.wav").touch()
    (source / "letter.mp3").write_text("Dear Sir or Madam,\n" * 99)
    (source / "loop").symlink_to(source, target_is_directory=True)
    (source / "nowhere.wav").symlink_to(source / "gone.wav")
    if sys.platform != "win32":
        os.mkfifo(source / "pipe.wav")
    result = make(tmp_path, source)
    assert np.array_equal(stored(result["path"])[0, 0], good[:, 0])
    found = {Path(p["path"]).name: p["code"] for p in result["problems"]}
    assert found == {
        "empty.wav": "empty", "letter.mp3": "unreadable", "nowhere.wav": "not-found", "pipe.wav": "unreadable"
    }  # fmt: skip
    assert all(len(p["reason"]) > 15 for p in result["problems"])
    assert len(events(tmp_path, "warning")) == 4


def test_a_name_that_is_not_text_is_read_and_reported_all_the_same(tmp_path: Path) -> None:
    source = tmp_path / "in"
    noise(source / "a.wav", CHUNK)
    (source / "a.wav").rename(os.fsdecode(os.fsencode(source) + b"/bad\xff.wav"))
    Path(os.fsdecode(os.fsencode(source) + b"/bad2\xfe.wav")).touch()
    result = make(tmp_path, source)
    assert result["chunks"] == 1
    assert [p["path"][-12:] for p in result["problems"]] == [r"bad2\xfe.wav"]
    json.dumps(result).encode()


@pytest.mark.parametrize(
    "case", ["empty folder", "no sound files", "all broken", "too little", "gone", "no sources"]
)
def test_nothing_usable_is_explained_and_leaves_nothing_behind(tmp_path: Path, case: str) -> None:
    source = tmp_path / "in"
    source.mkdir()
    sources = [str(source)]
    code, words = "no-audio", ""
    if case == "empty folder":
        words = "there are no files"
    elif case == "no sound files":
        (source / "a.pdf").touch()
        (source / "b.PDF").touch()
        words = "2 × .pdf"
    elif case == "all broken":
        (source / "a.wav").write_bytes(b"RIFF")
        words = "could not be used. "
    elif case == "too little":
        noise(source / "a.wav", 500)
        words = "0.0 s of sound"
    elif case == "gone":
        sources, code, words = [str(source / "x")], "not-found", "cannot be opened"
    else:
        sources = []
    params = DatasetParams(sources=sources, output=str(tmp_path / "out"), num_signal=N, tails="drop")
    with pytest.raises(UserError) as caught:
        build.run(params, context(tmp_path))
    assert caught.value.code == code
    assert words in caught.value.message
    assert caught.value.hint
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["in", "job"]


def test_what_is_there_already_is_never_touched(tmp_path: Path) -> None:
    source = tmp_path / "in"
    noise(source / "a.wav", CHUNK)
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "thesis.doc").write_text("years of work")
    for output in (taken, taken / "thesis.doc"):
        with pytest.raises(UserError) as caught:
            make(tmp_path, source, output=str(output))
        assert caught.value.code == "output-exists"
    assert (taken / "thesis.doc").read_text() == "years of work"
    with pytest.raises(UserError) as caught:
        make(tmp_path, source, output=str(taken / "thesis.doc" / "below"))
    assert caught.value.code == "not-writable"
    empty = tmp_path / "empty"
    empty.mkdir()
    assert make(tmp_path, source, output=str(empty))["chunks"] == 1


@pytest.mark.parametrize("change", [{"num_signal": 0}, {"channels": 0}, {"sample_rate": -1}])
def test_impossible_parameters_are_refused(tmp_path: Path, change: dict[str, int]) -> None:
    with pytest.raises(UserError) as caught:
        make(tmp_path, tmp_path, **change)
    assert caught.value.code == "bad-parameter"


def test_cancel_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "in"
    for i in range(4):
        noise(source / f"{i}.wav", 30 * CHUNK)
    job = context(tmp_path)
    append_line(job.folder / jobfolder.COMMANDS, Command("cancel"))
    params = DatasetParams(sources=[str(source)], output=str(tmp_path / "out"), num_signal=N)
    with pytest.raises(Cancelled):
        build.run(params, job)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["in", "job"]


class StopsAfter(WorkContext):
    """Fails, as a full disk or a bug would, once so many files are stored."""

    limit = 3

    def progress(self, *args: Any, **kwargs: Any) -> None:
        if int(str(kwargs.get("message", "0")).split(" ", maxsplit=1)[0] or 0) >= self.limit:
            raise RuntimeError("interrupted")
        super().progress(*args, **kwargs)


def test_an_interrupted_build_goes_on_and_gives_the_same_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "COMMIT_SECONDS", 0.0)
    monkeypatch.setattr(build, "usable_cores", lambda: 1)
    source = tmp_path / "in"
    for i in range(6):
        noise(source / f"{i}.wav", [900, 3 * CHUNK + 5, 1000][i % 3])
    (source / "1b.wav").touch()
    whole = make(tmp_path, source, output=str(tmp_path / "whole"))
    job = context(tmp_path)
    params = DatasetParams(sources=[str(source)], output=str(tmp_path / "out"), num_signal=N)
    with pytest.raises(RuntimeError, match="interrupted"):
        build.run(params, StopsAfter(job.folder))
    assert not (tmp_path / "out").exists()
    assert (tmp_path / ".out.building").is_dir()
    resumed = build.run(params, job)
    assert any("Going on" in e["text"] for e in events(tmp_path, "log"))
    assert np.array_equal(stored(resumed["path"]), stored(whole["path"]))
    for key in ("chunks", "files", "seconds_usable", "seconds_lost", "problems"):
        assert resumed[key] == pytest.approx(whole[key]) if "seconds" in key else resumed[key] == whole[key]
    with Dataset(tmp_path / "whole") as a, Dataset(tmp_path / "out") as b:
        assert [a.origins(i) for i in range(len(a))] == [b.origins(i) for i in range(len(b))]
        assert a.files() == b.files()


def test_another_build_of_that_name_does_not_go_on_with_foreign_chunks(tmp_path: Path) -> None:
    source = tmp_path / "in"
    for i in range(4):
        noise(source / f"{i}.wav", 2 * CHUNK)
    params = DatasetParams(sources=[str(source)], output=str(tmp_path / "out"), num_signal=N)
    context(tmp_path)
    with pytest.raises(RuntimeError, match="interrupted"):
        build.run(params, StopsAfter(tmp_path / "job"))
    result = make(tmp_path, source, output=str(tmp_path / "out"), num_signal=N // 2)
    assert stored(result["path"]).shape == (16, 1, CHUNK // 2)


SCRIPT = """
import sys
from pathlib import Path
from rave_gui.datasets import build, intake
from rave_protocol.specs import DatasetParams
from rave_protocol.work import WorkContext
if __name__ == "__main__":
    intake.COMMIT_SECONDS = 0.0
    build.run(DatasetParams(sources=[sys.argv[1]], output=sys.argv[2], num_signal=2048), WorkContext(Path(sys.argv[3])))
"""


def stored_files(lines: LineFollower) -> int:
    """Files stored according to the newest progress event."""
    messages = [e["message"] for e in lines.read() if e["type"] == "progress" and e["message"]]
    return int(messages[-1].split(" ", maxsplit=1)[0]) if messages else 0


@pytest.mark.skipif(os.name == "nt", reason="sends SIGKILL")
def test_kill_at_any_moment_never_leaves_a_half_dataset(tmp_path: Path) -> None:
    source = tmp_path / "in"
    files, each = 24, 5
    for i in range(files):
        noise(source / f"{i:02d}.wav", each * CHUNK)
    script = tmp_path / "build.py"
    script.write_text(SCRIPT)
    output = tmp_path / "out"
    folder = context(tmp_path).folder
    lines = LineFollower(folder / jobfolder.EVENTS)
    for wanted in (1, 12):
        process = subprocess.Popen([sys.executable, str(script), str(source), str(output), str(folder)])
        while stored_files(lines) < wanted:
            try:
                process.wait(timeout=0.02)
                break
            except subprocess.TimeoutExpired:
                continue
        process.kill()
        process.wait()
        if output.exists():  # it was faster than the signal
            break
        assert not (tmp_path / ".out.building" / "metadata.yaml").exists()
    if not output.exists():
        build.run(DatasetParams(sources=[str(source)], output=str(output), num_signal=N), context(tmp_path))
    audio = stored(str(output))
    assert audio.shape == (files * each, 1, CHUNK)
    expected = soundfile.read(source / "07.wav", dtype="int16")[0]
    assert np.array_equal(audio[7 * each : 8 * each].ravel(), expected)
