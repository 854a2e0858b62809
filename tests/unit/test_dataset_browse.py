"""The inspector: pages, orders, filters, marks and sound, with and without an index, on our datasets and on upstream's."""

from __future__ import annotations

import shutil
from pathlib import Path

import lmdb
import numpy as np
import pytest
from tests.helpers.datasets import CHUNK, RATE, app_paths, built, foreign, noise, tone

from rave_gui.datasets import beside, index, levels
from rave_gui.datasets.browse import Browser, mark, marks
from rave_gui.datasets.read import Dataset
from rave_gui.errors import UserError
from rave_protocol.work import Cancelled


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six chunks of three recordings: two loud, two quiet, two half silent."""
    half = np.concatenate([tone(CHUNK // 2, RATE / 64, 0.5), np.zeros(CHUNK // 2)])
    return built(
        tmp_path_factory.mktemp("made"),
        {
            "a loud.wav": tone(2 * CHUNK, RATE / 64, 0.9),
            "b quiet.wav": tone(2 * CHUNK, RATE / 64, 0.01),
            "c half.wav": np.concatenate([half, half]),
        },
    )


@pytest.fixture
def dataset(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(made, tmp_path / "dataset"))


def test_levels_are_those_of_the_sound() -> None:
    sine = (tone(RATE, 441, 0.5) * 32767).astype(np.int16)[None]
    found = levels.measure(sine)
    assert found.peak_db == pytest.approx(-6.02, abs=0.01)
    assert found.rms_db == pytest.approx(-9.03, abs=0.01)
    assert (found.silence, found.clipped) == (0, 0)
    assert levels.measure(np.zeros((2, 5000), np.int16))[:3] == (levels.FLOOR_DB, levels.FLOOR_DB, 1.0)
    assert levels.measure(np.full((1, 5000), 3277, np.int16)).offset == pytest.approx(0.1, abs=1e-3)
    assert levels.measure(np.zeros((1, 0), np.int16)).silence == 1.0
    clipped = np.clip(tone(RATE, 441, 2.0) * 32767, -32768, 32767).astype(np.int16)[None]
    assert levels.measure(clipped).clipped == int((np.abs(clipped.astype(int)) >= 32767).sum())
    spikes = np.zeros((1, 100), np.int16)
    spikes[0, [3, 10, 11, 50, 51, 52]] = 32767
    assert levels.clipped_samples(spikes) == 3
    assert levels.measure(np.full((1, 2000), -32768, np.int16)).peak_db == 0


def test_pages_in_the_order_of_the_keys(dataset: Path, tmp_path: Path) -> None:
    with Browser(dataset, app_paths(tmp_path)) as browser, Browser(dataset, app_paths(tmp_path)) as second:
        assert (browser.chunks, browser.count(), browser.indexed) == (6, 6, False)
        rows = browser.page(0, 4)
        assert [row.index for row in rows] == [0, 1, 2, 3]
        assert [row.key for row in rows] == ["00000000", "00000001", "00000002", "00000003"]
        assert [Path(row.source).name for row in rows] == ["a loud.wav"] * 2 + ["b quiet.wav"] * 2
        assert [row.offset for row in rows] == pytest.approx([0, CHUNK / RATE, 0, CHUNK / RATE])
        assert rows[0].peak_db == pytest.approx(-0.92, abs=0.02)
        assert rows[2].rms_db == pytest.approx(-43.0, abs=0.1)
        assert (rows[0].silence, rows[0].parts, rows[0].bad, rows[0].problem) == (0, 1, False, "")
        assert rows[0].seconds == CHUNK / RATE
        assert browser.page(4, 10)[0].silence == 0.5
        assert browser.page(6, 10) == browser.page(-5, 0) == []
        assert [row.index for row in second.page(0, 2, descending=True)] == [5, 4]
        assert second.page(0, 1, measure=False)[0].rms_db is None
        assert second.page(0, 1, measure=False)[0].hash == rows[0].hash
        with Dataset(dataset) as plain:
            assert np.array_equal(browser.audio(3), plain.audio(3))
        assert browser.origins(1)[0].start == CHUNK
        assert browser.metadata(0)["samples"] == CHUNK
        assert [(s.name, s.chunks) for s in browser.sources()] == [
            ("a loud.wav", 2),
            ("b quiet.wav", 2),
            ("c half.wav", 2),
        ]
        where = browser.sources()[1].path
        assert browser.count(where) == 2
        assert [row.index for row in browser.page(0, 9, where=where)] == [2, 3]
        assert browser.row_of(3, where=where) == 1
        assert browser.row_of(0, where=where) is None
        assert browser.count("/nowhere.wav") == 0
        with pytest.raises(UserError) as caught:
            browser.page(0, 1, sort="loudness")
        assert caught.value.code == "index-missing"
        with pytest.raises(IndexError):
            browser.row(6)


def test_orders_come_from_the_index(dataset: Path, tmp_path: Path) -> None:
    paths = app_paths(tmp_path)
    said: list[tuple[float, float, str]] = []
    with Browser(dataset, paths) as browser:
        before = browser.page(0, 6)
        assert index.build(dataset, paths=paths, on_progress=lambda *a: said.append(a)) == 6
        assert said[-1] == (6, 6, "chunks")
        browser.refresh()
        assert browser.indexed
        assert browser.page(0, 6) == before, "the index says what reading says"
        loud = [row.index for row in browser.page(0, 6, sort="loudness")]
        assert loud == [2, 3, 4, 5, 0, 1]
        assert [row.index for row in browser.page(1, 2, sort="loudness", descending=True)] == [0, 5]
        assert browser.row_of(4, sort="loudness", descending=True) == 3
        assert [row.index for row in browser.page(4, 2, sort="silence")] == [4, 5]
        assert [row.index for row in browser.page(0, 6, sort="source", descending=True)] == [5, 4, 3, 2, 1, 0]
        where = browser.sources()[2].path
        assert [row.index for row in browser.page(0, 6, sort="silence", where=where)] == [4, 5]
        with pytest.raises(ValueError, match="unknown order"):
            browser.page(0, 1, sort="colour")


def test_a_cancelled_index_goes_on_where_it_stopped(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = app_paths(tmp_path)
    monkeypatch.setattr(index, "_BATCH", 2)
    asked = 0

    def cancel() -> None:
        nonlocal asked
        asked += 1
        if asked > 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        index.build(dataset, paths=paths, check_cancel=cancel)
    assert index.load(dataset, paths=paths) is None
    said: list[float] = []
    index.build(dataset, paths=paths, on_progress=lambda done, total, unit: said.append(done))
    assert said == [6], "four of six were there already"
    rows = index.load(dataset, paths=paths)
    assert rows is not None
    assert list(rows["key"]) == list(range(6))


def test_an_index_of_another_state_is_not_used(dataset: Path, tmp_path: Path) -> None:
    paths = app_paths(tmp_path)
    index.build(dataset, paths=paths)
    with (
        lmdb.open(str(dataset), map_size=1 << 24) as environment,
        environment.begin(write=True) as transaction,
    ):
        transaction.delete(b"00000005")
    assert index.load(dataset, paths=paths) is None
    with Browser(dataset, paths) as browser:
        assert not browser.indexed


def test_marks_lie_beside_and_name_chunks_by_key(dataset: Path, tmp_path: Path) -> None:
    paths = app_paths(tmp_path)
    data = (dataset / "data.mdb").read_bytes()
    assert mark(dataset, [1, 4], paths=paths) == 2
    assert mark(dataset, [1], bad=False, paths=paths) == 1
    assert marks(dataset, paths=paths) == {4}
    assert (dataset / "data.mdb").read_bytes() == data
    assert beside.beside(dataset, paths).parent == dataset
    with Browser(dataset, paths) as browser:
        assert [row.bad for row in browser.page(0, 6)] == [False] * 4 + [True, False]
        assert browser.count(marked=True) == 1
        browser.mark([0])
        assert [row.index for row in browser.page(0, 5, marked=True)] == [0, 4]
        assert browser.marked() == [0, 4]
        with pytest.raises(IndexError):
            browser.mark([6])


def test_a_dataset_of_upstreams_with_gaps_is_browsed_and_left_alone(tmp_path: Path) -> None:
    keys = [b"%08d" % number for number in (0, 3, 4, 17)]
    path = foreign(tmp_path / "up", {key: noise(int(key), channels=2) for key in keys}, channels=2)
    paths = app_paths(tmp_path)
    names = sorted(entry.name for entry in path.iterdir())
    with Browser(path, paths) as browser:
        assert [row.key for row in browser.page(1, 2)] == ["00000003", "00000004"]
        assert browser.audio(3)[:, 0] == pytest.approx(noise(17, channels=2)[:, 0] / 32767)
        row = browser.row(3)
        assert (row.source, row.offset, row.parts) == ("", None, 0)
        assert browser.sources() == []
        assert browser.origins(0) == []
        browser.mark([3])
        index.build(path, paths=paths)
        browser.refresh()
        assert [row.bad for row in browser.page(0, 4, sort="loudness", marked=True)] == [True]
    assert sorted(entry.name for entry in path.iterdir()) == names, "nothing is written into it"


def test_damaged_chunks_are_rows_with_a_problem(tmp_path: Path) -> None:
    path = foreign(tmp_path / "up", {b"00000000": noise(1), b"00000001": b"\xff\xff", b"00000002": noise(2)})
    paths = app_paths(tmp_path)
    for _ in range(2):  # without and with an index
        with Browser(path, paths) as browser:
            row = browser.page(0, 3)[1]
            assert (row.peak_db, row.rms_db, row.silence) == (None, None, None)
            assert row.problem
            with pytest.raises(UserError) as caught:
                browser.audio(1)
            assert caught.value.code == "damaged-chunk"
        index.build(path, paths=paths)


def test_a_lazy_dataset_shows_its_recordings(tmp_path: Path) -> None:
    from tests.helpers.datasets import write

    from rave_gui.datasets import record

    wav = write(tmp_path / "one.wav", tone(RATE, 440, 0.5))
    example = record._message_class()()
    for name, value in {"path": str(wav), "length": "1.0", "channels": "1"}.items():
        example.metadata[name] = value
    path = foreign(tmp_path / "lazy", {b"00000000": example.SerializeToString()}, lazy=True)
    with Browser(path, app_paths(tmp_path)) as browser:
        row = browser.page(0, 1)[0]
        assert (row.source, row.seconds, row.peak_db) == (str(wav), 1.0, None)
        assert browser.audio(0).shape == (1, RATE)
        wav.unlink()
        with pytest.raises(UserError) as caught:
            browser.audio(0)
        assert caught.value.hint
