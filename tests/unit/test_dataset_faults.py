"""What disks and decoders do to a build: full, read-only, crashed, stuck. Each has an end in plain words and loses nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.helpers.disk import small_disk

from rave_gui.audio.problems import AudioProblem
from rave_gui.datasets import build, decoders, room
from rave_gui.datasets.messages import Beat, Outcome, Settings, Task
from rave_gui.datasets.pool import DecodePool
from rave_gui.datasets.read import Dataset
from rave_gui.errors import UserError
from rave_protocol.locks import OsLock
from rave_protocol.specs import DatasetParams
from rave_protocol.work import WorkContext

RATE = 44100
CHUNK = 4096


def params(tmp_path: Path, output: Path, files: int = 3, chunks: int = 2) -> DatasetParams:
    source = tmp_path / "in"
    source.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    for i in range(files):
        soundfile.write(source / f"{i}.wav", rng.integers(-9999, 9999, chunks * CHUNK, np.int16), RATE)
    return DatasetParams(sources=[str(source)], output=str(output), num_signal=CHUNK // 2)


def context(tmp_path: Path) -> WorkContext:
    (tmp_path / "job").mkdir(exist_ok=True)
    return WorkContext(tmp_path / "job")


@pytest.mark.parametrize(("files", "chunks"), [(40, 25), (1, 1000)])
def test_a_full_disk_is_said_and_the_build_goes_on_when_there_is_room(
    tmp_path: Path, files: int, chunks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Full by others, after the build began."""
    monkeypatch.setattr(room, "refusal", lambda *_args, **_more: None)
    disk = tmp_path / "disk"
    with small_disk(disk, "size=6m"):
        wanted = params(tmp_path, disk / "out", files, chunks)
        with pytest.raises(UserError) as caught:
            build.run(wanted, context(tmp_path))
        assert caught.value.code == "disk-full"
        assert "full" in caught.value.message
        assert not (disk / "out").exists()
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        result = build.run(wanted, context(tmp_path))
        assert result["chunks"] == files * chunks
        with Dataset(result["path"]) as dataset:
            assert not [finding for finding in dataset.check() if finding]


def test_what_does_not_fit_is_not_begun(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, "size=6m"):
        wanted = params(tmp_path, disk / "out", 40, 25)
        before = shutil.disk_usage(disk).used
        with pytest.raises(UserError) as caught:
            build.run(wanted, context(tmp_path))
        assert caught.value.code == "disk-full"
        assert "needs 12.6 MB" in caught.value.message
        assert "6.3 MB free" in caught.value.message
        assert shutil.disk_usage(disk).used == before
        assert list(disk.iterdir()) == []


def test_a_read_only_folder_is_refused_in_plain_words(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, "ro"):
        with pytest.raises(UserError) as caught:
            build.run(params(tmp_path, disk / "out"), context(tmp_path))
        assert caught.value.code == "not-writable"
        assert str(disk) in caught.value.message


@pytest.mark.parametrize("ends", ["named", "cancelled"])
def test_another_build_ends_while_one_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    """Its folder goes between being found and being locked: the name is taken then, or free."""
    wanted = params(tmp_path, tmp_path / "out")
    building = tmp_path / ".out.building"
    original = OsLock.acquire
    gone = False

    def acquire(self: OsLock, timeout: float = 0.0) -> bool:
        nonlocal gone
        if self.path.parent == building and not gone:
            gone = True
            if ends == "named":
                (building / "data.mdb").write_bytes(b"x")
                building.rename(tmp_path / "out")
            else:
                building.rmdir()
            raise FileNotFoundError(2, "No such file or directory", str(self.path))
        return original(self, timeout)

    monkeypatch.setattr(OsLock, "acquire", acquire)
    if ends == "cancelled":
        assert build.run(wanted, context(tmp_path))["chunks"] == 6
        return
    with pytest.raises(UserError) as caught:
        build.run(wanted, context(tmp_path))
    assert caught.value.code == "output-exists"
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["data.mdb"]
    assert not building.exists()


def test_two_builds_of_one_dataset_do_not_meet(tmp_path: Path) -> None:
    wanted = params(tmp_path, tmp_path / "out")
    building = tmp_path / ".out.building"
    building.mkdir()
    # The lock belongs to an open file, so a second opening stands for a second process.
    with OsLock(building / "build.lock"), pytest.raises(UserError) as caught:
        build.run(wanted, context(tmp_path))
    assert caught.value.code == "busy"
    assert build.run(wanted, context(tmp_path))["chunks"] == 6


def misbehave(connection: Connection) -> None:
    """Stands in for a decoding process: does to itself what the file's name says."""
    connection.recv()  # the settings
    while True:
        task: Task = connection.recv()
        name = Path(task.path).name
        if name == "crash":
            os._exit(139)
        if name == "hang":
            time.sleep(600)
        connection.send(Beat(task.index, None, 10))
        connection.send(Outcome(task.index, samples=10))


def test_a_crash_and_a_hang_cost_one_file_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoders, "work", misbehave)
    settings = Settings(CHUNK, 1, RATE, "mix", "join", "pad", str(tmp_path))
    # A fresh process has two minutes to start; the one that meets "hang" has answered before.
    names = ["fine", "hang", "fine", "crash", "crash", "fine"]
    outcomes: dict[int, AudioProblem | None] = {}
    todo = list(enumerate(names))
    with DecodePool(settings, 1, silence_seconds=1.0) as workers:
        while len(outcomes) < len(names):
            while workers.free and todo:
                index, name = todo.pop(0)
                workers.submit(Task(index, name))
            for event in workers.events(0.1):
                if isinstance(event, Outcome):
                    outcomes[event.index] = event.problem
        pids = workers.pids
    codes = [problem.code if problem else "" for _, problem in sorted(outcomes.items())]
    assert codes == ["", "hang", "", "crashed", "crashed", ""]
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
