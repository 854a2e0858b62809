"""Opening datasets: integrity, origins, damage, and the actions that need no job."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lmdb
import numpy as np
import pytest
import yaml

from rave_gui.datasets import actions, record
from rave_gui.datasets.read import Dataset, is_dataset
from rave_gui.errors import UserError
from rave_protocol.specs import DatasetParams

SAMPLES = 64


def upstreams(path: Path, chunks: int = 5, channels: int = 1, **metadata: Any) -> Path:
    """A dataset as upstream writes it: no sidecar, the shape given in bytes, LMDB's own lock file."""
    path.mkdir(parents=True)
    with lmdb.open(str(path), map_size=1 << 20) as environment:
        for index in range(chunks):
            pcm = np.full((channels, SAMPLES), index, np.int16).tobytes()
            with environment.begin(write=True) as transaction:
                transaction.put(record.key(index), record.encode(pcm, channels, 44100))
    described = {"lazy": False, "channels": channels, "n_seconds": 1.0, "sr": 44100} | metadata
    (path / "metadata.yaml").write_text(yaml.safe_dump(described))
    return path


def change(path: Path, index: int, value: bytes | None) -> None:
    with lmdb.open(str(path), map_size=1 << 20) as environment, environment.begin(write=True) as transaction:
        if value is None:
            transaction.delete(record.key(index))
        else:
            transaction.put(record.key(index), value)


def test_a_dataset_without_sidecar_opens_and_checks_out(tmp_path: Path) -> None:
    path = upstreams(tmp_path / "up", channels=2)
    before = sorted(p.name for p in path.iterdir())
    with Dataset(path) as dataset:
        info = dataset.info
        assert (info.chunks, info.channels, info.num_signal, info.sidecar) == (5, 2, SAMPLES // 2, False)
        assert info.seconds == pytest.approx(5 * SAMPLES / 44100)
        assert dataset.audio(3).shape == (2, SAMPLES)
        assert dataset.audio(3)[0, 0] == pytest.approx(3 / 32767)
        assert dataset.origins(0) == []
        assert list(dataset.check()) == [None] * 5
        with pytest.raises(IndexError):
            dataset.chunk(5)
    assert sorted(p.name for p in path.iterdir()) == before


def test_damaged_and_missing_records_are_found_one_by_one(tmp_path: Path) -> None:
    path = upstreams(tmp_path / "up")
    change(path, 1, b"\xff\xffnot a record")
    change(path, 2, record.encode(b"\0\0" * 10, 1, 44100))
    change(path, 3, None)
    with Dataset(path) as dataset:
        assert len(dataset) == 4
        findings = list(dataset.check())
        assert [(f.code, f.chunk) if f else None for f in findings] == [
            None,
            ("bad-record", 1),
            ("bad-length", 2),
            None,
        ]
        assert int(dataset.chunk(3).audio[0, 0]) == 4, "keys with a gap are still read in order"  # type: ignore[index]


@pytest.mark.parametrize(
    ("damage", "code"),
    [("no metadata", "unfinished-dataset"), ("bad yaml", "not-a-dataset"), ("bad number", "not-a-dataset"),
     ("cut", "not-a-dataset"), ("no data", "not-a-dataset"), ("gone", "not-found")],
)  # fmt: skip
def test_what_is_not_a_dataset_is_explained(tmp_path: Path, damage: str, code: str) -> None:
    path = upstreams(tmp_path / "up", sr="fast" if damage == "bad number" else 44100)
    if damage == "no metadata":
        (path / "metadata.yaml").unlink()
    elif damage == "bad yaml":
        (path / "metadata.yaml").write_text("{: [")
    elif damage == "cut":
        (path / "data.mdb").write_bytes(b"\0" * 100)
    elif damage == "no data":
        (path / "data.mdb").unlink()
    elif damage == "gone":
        path = tmp_path / "gone"
    with pytest.raises(UserError) as caught:
        Dataset(path)
    assert caught.value.code == code
    assert caught.value.hint


def test_lazy_datasets_are_recognised(tmp_path: Path) -> None:
    path = upstreams(tmp_path / "lazy", chunks=0, lazy=True)
    example = record._message_class()()
    example.metadata["path"] = "/music/a.wav"
    change(path, 0, example.SerializeToString())
    with Dataset(path) as dataset:
        assert dataset.info.lazy
        assert dataset.info.seconds == 1.0
        assert dataset.chunk(0).metadata == {"path": "/music/a.wav"}
        with pytest.raises(record.BadRecordError):
            dataset.audio(0)


def test_a_project_lists_adopts_and_shows_what_it_holds(tmp_path: Path) -> None:
    services: Any = None
    project = tmp_path / "project"
    assert actions.list_datasets(services, project) == []
    upstreams(project / "datasets" / "b")
    (project / "datasets" / "a broken one").mkdir()
    (project / "datasets" / ".half.building").mkdir()
    elsewhere = upstreams(tmp_path / "elsewhere")
    adopted = actions.adopt(services, elsewhere, project, "C")
    assert adopted["name"] == "C"
    with pytest.raises(UserError) as caught:
        actions.adopt(services, elsewhere, project, "C")
    assert caught.value.code == "output-exists"
    listed = actions.list_datasets(services, project)
    assert [(item["name"], item.get("chunks")) for item in listed] == [
        ("a broken one", None),
        ("b", 5),
        ("C", 5),
    ]
    assert listed[0]["error"]["code"] == "not-a-dataset"
    shown = actions.show(services, Path("C"), project)
    assert (shown["chunks"], shown["files"], shown["problems"]) == (5, [], [])
    assert is_dataset(actions.resolve(Path("b"), project))
    with pytest.raises(UserError) as caught:
        actions.show(services, Path("nothing"), project)
    assert caught.value.code == "not-found"


def test_create_refuses_at_once_what_cannot_work(tmp_path: Path) -> None:
    submitted: list[Any] = []
    jobs = SimpleNamespace(submit=lambda kind, params, **_: submitted.append((kind, params)))
    services: Any = SimpleNamespace(jobs=jobs)
    taken = upstreams(tmp_path / "taken")
    output = str(tmp_path / "new")
    for params, code in (
        (DatasetParams([], output), "no-audio"),
        (DatasetParams([str(tmp_path / "x")], output), "not-found"),
        (DatasetParams([str(tmp_path)], str(taken)), "output-exists"),
        (DatasetParams([str(tmp_path)], output, channels=0), "bad-parameter"),
    ):
        with pytest.raises(UserError) as caught:
            actions.create(services, params)
        assert caught.value.code == code
    actions.create(services, DatasetParams([str(tmp_path)], output))
    assert submitted == [("dataset", DatasetParams([str(tmp_path)], output))]
