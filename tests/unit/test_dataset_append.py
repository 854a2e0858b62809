"""Adding to a dataset: only what is missing, all or nothing, and the same as a build of everything."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from rave_gui.datasets import append, beside, build, clean, intake, notes, swap
from rave_gui.datasets.read import Dataset
from rave_gui.errors import UserError
from rave_gui.paths import AppPaths
from rave_protocol import jobfolder
from rave_protocol.commands import Command
from rave_protocol.files import append_line
from rave_protocol.specs import DatasetAppendParams, DatasetParams
from rave_protocol.work import Cancelled, WorkContext

RATE = 44100
N = 1024
CHUNK = 2 * N


def noise(path: Path, samples: int) -> np.ndarray:
    rng = np.random.default_rng(sum(str(path.name).encode()))
    data = rng.integers(-20000, 20000, samples, np.int16)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, data, RATE)
    return data


def context(tmp_path: Path, name: str = "job") -> WorkContext:
    (tmp_path / name).mkdir(exist_ok=True)
    return WorkContext(tmp_path / name)


def make(tmp_path: Path, **changes: Any) -> Path:
    noise(tmp_path / "one" / "a.wav", 3 * CHUNK + 10)
    noise(tmp_path / "one" / "b.wav", 700)
    params = DatasetParams([str(tmp_path / "one")], str(tmp_path / "data"), N, **changes)
    build.run(params, context(tmp_path))
    return tmp_path / "data"


def add(tmp_path: Path, *sources: Path, job: WorkContext | None = None) -> dict[str, Any]:
    wanted = DatasetAppendParams(str(tmp_path / "data"), [str(source) for source in sources])
    return append.run(wanted, job or context(tmp_path))


def chunks(path: Path) -> np.ndarray:
    with Dataset(path) as dataset:
        assert [finding for finding in dataset.check() if finding] == []
        return np.stack([chunk.audio[0] for chunk in dataset if chunk.audio is not None])


def test_only_what_is_missing_is_added(tmp_path: Path) -> None:
    data = make(tmp_path)
    before = chunks(data)
    notes.write(data, "*", licence="CC0")
    new = noise(tmp_path / "two" / "c.wav", 2 * CHUNK)
    short = noise(tmp_path / "two" / "d.wav", CHUNK // 2)
    shutil.copy(tmp_path / "one" / "a.wav", tmp_path / "two" / "same as a.wav")
    result = add(tmp_path, tmp_path / "one", tmp_path / "two")
    assert (result["added"], result["chunks"], result["files"]) == (3, len(before) + 3, 2)
    assert sorted(Path(row["path"]).name for row in result["skipped"]) == ["a.wav", "b.wav", "same as a.wav"]
    assert result["seconds_usable"] == pytest.approx(2.5 * CHUNK / RATE)
    after = chunks(data)
    assert np.array_equal(after[: len(before)], before)
    assert np.array_equal(after[-3:-1].ravel(), new)
    assert np.array_equal(after[-1][-CHUNK // 2 :], short)
    with Dataset(data) as dataset:
        assert [Path(row.path).name for row in dataset.files()] == ["a.wav", "b.wav", "c.wav", "d.wav"]
        assert dataset.metadata["n_seconds"] == pytest.approx(len(after) * CHUNK / RATE)
    assert notes.read(data) == {"*": {"licence": "CC0", "consent": ""}}
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["data", "job", "one", "two"]
    again = add(tmp_path, tmp_path / "one", tmp_path / "two")
    assert (again["added"], again["chunks"], again["files"]) == (0, len(after), 0)
    third = noise(tmp_path / "three.wav", CHUNK)
    assert add(tmp_path, tmp_path / "three.wav")["added"] == 1
    assert np.array_equal(chunks(data)[-1], third)


def test_a_reader_sees_the_old_dataset_or_the_new_one(tmp_path: Path) -> None:
    data = make(tmp_path)
    noise(tmp_path / "two" / "c.wav", CHUNK)
    with Dataset(data) as reader:
        count = reader.chunks
        add(tmp_path, tmp_path / "two")
        assert reader.chunks == count
        assert all(reader.chunk(index).audio is not None for index in range(count))
    with Dataset(data) as reader:
        assert reader.chunks == count + 1


class StopsAfter(WorkContext):
    """Fails once a new file is stored."""

    def progress(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("phase") == "decoding" and int(kwargs["message"].split(" ", maxsplit=1)[0]) >= 4:
            raise RuntimeError("interrupted")


def test_an_interrupted_addition_changes_nothing_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "COMMIT_SECONDS", 0.0)
    monkeypatch.setattr(build, "usable_cores", lambda: 1)
    data = make(tmp_path)
    before = chunks(data)
    for i in range(5):
        noise(tmp_path / "two" / f"{i}.wav", 2 * CHUNK + i)
    shutil.copytree(data, tmp_path / "reference")
    job = context(tmp_path)
    with pytest.raises(RuntimeError, match="interrupted"):
        add(tmp_path, tmp_path / "two", job=StopsAfter(job.folder))
    assert np.array_equal(chunks(data), before)
    resumed = add(tmp_path, tmp_path / "two", job=job)
    assert "Going on" in (job.folder / jobfolder.EVENTS).read_text()
    interrupted = chunks(data)
    shutil.rmtree(data)
    (tmp_path / "reference").rename(data)
    straight = add(tmp_path, tmp_path / "two")
    assert np.array_equal(interrupted, chunks(data))
    for key in ("added", "chunks", "seconds_usable", "seconds_lost"):
        assert resumed[key] == pytest.approx(straight[key])


def test_cancel_leaves_the_dataset_as_it_was(tmp_path: Path) -> None:
    data = make(tmp_path)
    before = chunks(data)
    noise(tmp_path / "two" / "c.wav", CHUNK)
    job = context(tmp_path)
    append_line(job.folder / jobfolder.COMMANDS, Command("cancel"))
    with pytest.raises(Cancelled):
        add(tmp_path, tmp_path / "two", job=job)
    assert np.array_equal(chunks(data), before)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["data", "job", "one", "two"]


@pytest.mark.parametrize("whole", [True, False])
def test_a_crash_between_the_two_renames_is_healed(tmp_path: Path, whole: bool) -> None:
    data = make(tmp_path)
    before = chunks(data)
    aside = tmp_path / ".data.appending"
    shutil.copytree(data, aside)
    if not whole:
        (aside / "metadata.yaml").unlink()
    data.rename(tmp_path / ".data.before")
    swap.recover_all(tmp_path)
    assert np.array_equal(chunks(data), before)
    assert not (tmp_path / ".data.before").exists()


@pytest.mark.parametrize("case", ["foreign", "lazy", "none", "damaged"])
def test_what_cannot_grow_is_refused_and_left_alone(tmp_path: Path, case: str) -> None:
    data = make(tmp_path, lazy=case == "lazy") if case != "none" else tmp_path / "data"
    if case == "foreign":
        (data / "sources.sqlite").unlink()
    elif case == "damaged":
        (data / "sources.sqlite").write_bytes(b"nothing")
    noise(tmp_path / "two" / "c.wav", CHUNK)
    with pytest.raises(UserError) as caught:
        add(tmp_path, tmp_path / "two")
    assert caught.value.code == ("not-found" if case == "none" else "not-ours")
    assert not (tmp_path / ".data.appending").exists()


def test_recordings_kept_for_validation_stay_kept(tmp_path: Path) -> None:
    from rave_gui.datasets import validation

    for i in range(10):
        noise(tmp_path / "one" / f"{i}.wav", 4 * CHUNK)
    data = make(tmp_path, validation="files")
    first = validation.read(data)
    assert first is not None
    for i in range(60):
        noise(tmp_path / "two" / f"x{i}.wav", 10 * CHUNK + i)
    add(tmp_path, tmp_path / "two")
    second = validation.read(data)
    assert second is not None
    assert set(first["files"]) < set(second["files"])
    assert second["count"] == len(chunks(data))
    with Dataset(data) as dataset:
        for index in range(dataset.chunks):
            kept = {origin.path in second["files"] for origin in dataset.origins(index)}
            assert kept == {index in second["validation"]}


@pytest.mark.skipif(os.name == "nt", reason="links")
def test_notes_hold_for_what_lies_below(tmp_path: Path) -> None:
    data = make(tmp_path)
    notes.write(data, str(tmp_path / "one"), licence="CC BY 4.0")
    notes.write(data, str(tmp_path / "one" / "a.wav"), consent="Ada, for research")
    assert notes.of(data, str(tmp_path / "one" / "b.wav"))["licence"] == "CC BY 4.0"
    assert notes.of(data, str(tmp_path / "one" / "a.wav"))["consent"] == "Ada, for research"
    assert notes.of(data, "/elsewhere")["licence"] == ""
    notes.write(data, str(tmp_path / "one"), licence="")
    assert list(notes.read(data)) == [str(tmp_path / "one" / "a.wav")]


@pytest.mark.parametrize(("marked", "left"), [([1, 2, 3], 2), ([0, 1], 3), ([0, 4], 3)])
def test_a_cleaned_copy_can_grow(tmp_path: Path, marked: list[int], left: int) -> None:
    """The chunk that a new tail is filled up from is found by its new number, or is gone."""
    paths = AppPaths(tmp_path / "home", tmp_path / "home", tmp_path / "home")
    original = make(tmp_path)
    before = chunks(original)
    assert len(before) == 5
    with Dataset(original) as dataset:
        keys = frozenset(dataset.key(number) for number in marked)
    beside.set_marks(original, keys, paths=paths)
    clean.clean_copy(original, tmp_path / "clean", paths=paths)
    shutil.rmtree(original)
    (tmp_path / "clean").rename(original)
    kept = chunks(original)
    assert len(kept) == left
    short = noise(tmp_path / "two" / "d.wav", CHUNK // 2)
    assert add(tmp_path, tmp_path / "two")["added"] == 1
    after = chunks(original)
    assert np.array_equal(after[:left], kept)
    assert np.array_equal(after[-1][-CHUNK // 2 :], short)
    fill = short if 4 in marked else before[4][-CHUNK // 2 :]
    assert np.array_equal(after[-1][: CHUNK // 2], fill)
    with Dataset(original) as dataset:
        names = {Path(origin.path).name for origin in dataset.origins(left)}
    assert ("b.wav" in names) == (4 not in marked)
