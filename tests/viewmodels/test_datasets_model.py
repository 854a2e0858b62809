"""Datasets as the window shows them: the list with its jobs, the files of a scan, the wizard, a build, the chunks, a player."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.datasets import RATE, app_paths, built, tone, write

from rave_gui.datasets import index
from rave_gui.datasets.browse import mark
from rave_gui.datasets.progress import FileState
from rave_gui.datasets.remarks import Remark
from rave_gui.datasets.scan import ScanRow
from rave_gui.errors import UserError
from rave_gui.viewmodels import datasets as text
from rave_gui.viewmodels import player
from rave_gui.viewmodels.datasets import Entry, Library, merge
from rave_gui.viewmodels.datasets_build import BuildModel
from rave_gui.viewmodels.datasets_chunks import BANDS, PAGE, ChunksModel, View, chosen_indices, spectrogram
from rave_gui.viewmodels.datasets_files import FilesModel, Level, Order, format_of
from rave_gui.viewmodels.datasets_wizard import WizardModel
from rave_gui.workspace.listing import DatasetRow

HERE = Path("/project/datasets")


def job(state: str, target: Path, **fields: Any) -> Any:
    """What the list reads of a job."""
    given: dict[str, Any] = {
        "id": "j",
        "kind": "dataset",
        "state": state,
        "reason": "",
        "error": None,
        "progress": None,
        "params": {"output": str(target)},
        "started": 1.0,
        "ended": None,
    }
    return SimpleNamespace(**given | fields)


def listed(name: str = "drums", **fields: Any) -> DatasetRow:
    """A row of the project."""
    given: dict[str, Any] = {"name": name, "path": HERE / name, "created": 5.0, "bytes": 0}
    return DatasetRow(**given | fields)


def one(row: DatasetRow, *jobs: Any) -> Entry:
    """The entry of a row."""
    found = merge([row], jobs)
    assert len(found) == 1
    return found[0]


# The list


def test_a_dataset_that_is_being_made_shows_its_job() -> None:
    at_work = job("running", HERE / "drums", progress={"done": 30, "total": 120})
    entry = one(listed(missing=True), at_work)
    assert (entry.state, entry.job, entry.share, entry.usable_now) == ("building", "j", 0.25, False)


def test_more_recordings_leave_a_dataset_usable() -> None:
    adds = job("running", HERE, kind="dataset-append", params={"dataset": str(HERE / "drums")})
    entry = one(listed(chunks=9, seconds_usable=4.0), adds)
    assert (entry.state, entry.job, entry.usable_now) == ("ready", "j", True)


@pytest.mark.parametrize("made", [False, True], ids=["build", "append"])
def test_an_interrupted_job_stays_with_its_dataset(made: bool) -> None:
    """So that it can be resumed from the list."""
    kind = "dataset-append" if made else "dataset"
    stopped = job("interrupted", HERE / "drums", kind=kind, reason="The computer was switched off.")
    entry = one(listed(chunks=9 if made else 0, missing=not made), stopped)
    assert (entry.state, entry.job_state, entry.job) == ("ready" if made else "failed", "interrupted", "j")
    assert entry.error or not made


def test_a_failed_check_is_no_failure_of_the_dataset() -> None:
    check = job("failed", HERE, kind="dataset-check", params={"dataset": str(HERE / "drums")})
    entry = one(listed(chunks=9), check)
    assert (entry.state, entry.job, entry.job_state) == ("ready", "", "")


def test_what_was_cancelled_before_it_was_there_is_left_out() -> None:
    assert merge([listed(missing=True)], [job("cancelled", HERE / "drums")]) == []


def test_a_folder_that_is_gone_and_one_that_cannot_be_opened() -> None:
    assert one(listed(missing=True)).state == "missing"
    assert one(listed(error="No metadata.")).state == "broken"


def test_words_and_sums() -> None:
    entries = [
        one(listed("a", chunks=2, seconds_usable=3.0, bytes=10, tags=["dry", "Close"])),
        one(listed("b", chunks=1, seconds_usable=4.0, bytes=20, tags=["dry"])),
        one(listed("c", missing=True)),
    ]
    library = Library(entries)
    assert library.summary() == (2, 7.0, 30)
    assert library.tags == ["Close", "dry"]
    assert [text.length_text(s) for s in (8.34, 59.4, 245, 3723)] == [
        "8.3 s",
        "59 s",
        "4:05 min",
        "1:02:03 h",
    ]
    assert [text.rate_text(r) for r in (44100, 48000, 0)] == ["44.1 kHz", "48 kHz", ""]


# The files of a scan


def found(path: str, seconds: float | None = 2.0, **fields: Any) -> ScanRow:
    """A file of a scan; without a length it cannot be used."""
    given: dict[str, Any] = {
        "path": path,
        "size": 100,
        "mtime_ns": 0,
        "seconds": seconds,
        "sample_rate": 44100 if seconds else 0,
        "channels": 1 if seconds else 0,
        "codec": "pcm_s16le",
        "container": "wav",
        "exact": True,
        "code": "" if seconds else "not-audio",
        "reason": "" if seconds else "This is no sound file.",
        "root": "/s",
    }
    return ScanRow(**given | fields)


def test_files_are_sorted_searched_and_left_out() -> None:
    files = FilesModel()
    files.add([found("/s/b.wav", 3.0), found("/s/a.wav", 1.0), found("/s/bad.wav", None)])
    files.add([found("/s/c.ogg", 2.0, container="ogg", codec="vorbis")])
    assert files.shown == [0, 1, 2, 3]
    assert (files.usable, files.bad, files.kept, files.seconds) == (3, 1, 3, 6.0)

    def shown(**order: Any) -> list[str]:
        return [Path(files.rows[i].path).name for i in files.arranged(Order(**order))]

    assert shown(sort="length", descending=True) == ["b.wav", "c.ogg", "a.wav", "bad.wav"]
    assert shown(sort="name") == ["a.wav", "b.wav", "bad.wav", "c.ogg"]
    assert shown(query="VORBIS") == ["c.ogg"]
    assert shown(show="problems") == ["bad.wav"]
    files.measured([("/s/a.wav", Level(-3.0, -20.0)), ("/s/b.wav", Level(None, None))])
    assert shown(sort="peak")[0] == "a.wav"
    assert files.exclude(["/s/b.wav", "/s/bad.wav", "/s/never found.wav"]) == 3
    assert (files.kept, files.seconds, files.out) == (2, 3.0, 2)
    assert files.left_out == ["/s/b.wav", "/s/bad.wav"]
    assert shown(show="usable") == ["a.wav", "c.ogg"]
    assert shown(show="excluded") == ["b.wav", "bad.wav"]
    # A new scan of the same folders: what was left out stays left out.
    files.clear()
    files.add([found("/s/b.wav", 3.0), found("/s/a.wav", 1.0)])
    assert (files.kept, files.out) == (1, 1)
    assert files.exclude(["/s/b.wav"], False) == 1
    assert (files.kept, files.seconds, files.out) == (2, 4.0, 0)
    assert format_of(found("/s/x", container="mov", codec="aac")) == "aac"


@given(st.lists(st.tuples(st.integers(0, 11), st.booleans()), max_size=30), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_counts_are_those_of_the_rows(steps: list[tuple[int, bool]], seed: int) -> None:
    draw = random.Random(seed)
    rows = [found(f"/s/{i}.wav", draw.choice([None, 0.5, 2.0, 30.0])) for i in range(12)]
    files = FilesModel()
    files.exclude(["/s/3.wav"])
    files.add(rows[:7])
    for number, on in steps:
        files.exclude([f"/s/{number}.wav", f"/s/{(number * 5) % 12}.wav"], on)
    files.add(rows[7:])
    kept = [row for row in rows if row.usable and not files.is_out(row.path)]
    assert files.kept == len(kept)
    assert files.seconds == pytest.approx(sum(row.seconds or 0.0 for row in kept), abs=1e-9)
    assert files.out == len(files.left_out)
    # As rows, not as paths; and all of them back.
    numbers = range(2, 9)
    still = sum(not files.is_out(rows[number].path) for number in numbers)
    assert files.exclude_rows(numbers) == still
    assert files.all_out(numbers)
    files.exclude_rows(range(12), False)
    assert (files.out, files.left_out, files.kept) == (0, [], files.usable)


def test_an_order_nobody_waits_for_any_more_ends() -> None:
    files = FilesModel()
    files.add([found(f"/s/{i}.wav") for i in range(2000)])
    assert files.arranged(Order(query="s"), lambda: True) == []


# The wizard


def test_the_way_through_the_wizard(tmp_path: Path) -> None:
    wizard = WizardModel()
    wizard.taken = frozenset({"strings"})
    assert not wizard.next()
    assert wizard.problem("sources")
    (tmp_path / "Strings").mkdir()
    assert wizard.add_sources([tmp_path / "Strings", tmp_path / "Strings"]) == 1
    assert wizard.name == "Strings-2"
    assert wizard.next()
    wizard.files.add([found("/s/a.wav"), found("/s/b.wav")])
    wizard.files.exclude(["/s/a.wav", "/s/b.wav"])
    assert not wizard.next()
    wizard.files.exclude(["/s/b.wav"], False)
    assert wizard.next()
    wizard.set_value("num_signal", 100)
    assert "num_signal" in wizard.problems
    assert wizard.blocked
    wizard.set_value("num_signal", 4096)
    assert wizard.next()
    wizard.set_name("strings")
    assert "already" in wizard.blocked
    wizard.set_name("a/b")
    assert wizard.blocked
    wizard.set_name("Cello")
    assert not wizard.blocked
    # Back to the start and forth again: everything is as it was.
    while wizard.back():
        pass
    assert wizard.go("name")
    params = wizard.params(tmp_path / "Cello")
    assert (params.num_signal, params.exclude, params.sources) == (
        4096,
        ["/s/a.wav"],
        [str(tmp_path / "Strings")],
    )
    assert wizard.values["exclude"] == []


def test_a_forecast_that_says_no_closes_the_way() -> None:
    wizard = WizardModel()
    wizard.add_sources([Path("/s")])
    wizard.files.add([found("/s/a.wav")])
    assert wizard.go("parameters")
    full = Remark("disk-full", "error", "The disk is full.", "Choose another.", ())
    forecast: Any = SimpleNamespace(remarks=[full])
    wizard.set_forecast(forecast)
    assert not wizard.next()
    assert wizard.blocked == "The disk is full."
    wizard.set_forecast(None, UserError("Nothing can be read."))
    assert wizard.blocked == "Nothing can be read."
    wizard.set_value("trim_silence", False)
    assert not wizard.applies("trim_threshold")
    wizard.set_value("trim_silence", True)
    assert wizard.applies("trim_threshold")


# A build


def test_a_build_counts_its_files() -> None:
    build = BuildModel()
    build.add([FileState("a", "reading"), FileState("b", "reading")])
    build.add(
        [FileState("a", "done", 3.0), FileState("c", "problem", reason="cut off"), FileState("b", "skipped")]
    )
    assert [f.state for f in build.files] == ["done", "skipped", "problem"]
    assert (build.finished, build.problems) == (3, 1)
    progress = {"done": 30.0, "total": 60.0, "unit": "s", "rate": 90.0, "eta": 0.5}
    build.apply(job("running", HERE, progress=progress))
    assert (build.share, build.done, build.rate, build.active) == (0.5, 30.0, 90.0, True)
    reading = build.title
    build.apply(job("running", HERE, kind="dataset-clone"))
    assert build.title != reading
    assert not build.reads_files
    build.apply(job("interrupted", HERE, reason="Press Retry."))
    assert not build.active
    assert "Retry" not in build.reason
    build.apply(job("failed", HERE, error={"message": "The disk is full.", "hint": "Make room."}, ended=11.0))
    assert build.reason == "The disk is full. Make room."
    assert build.elapsed(99.0) == 10.0


# Chunks


def test_chunks_come_in_pages_and_orders(tmp_path: Path) -> None:
    sounds = {
        "loud.wav": tone(40 * 4096, 440, 0.9),
        "soft.wav": tone(40 * 4096, 220, 0.05),
    }
    path, paths = built(tmp_path, sounds), app_paths(tmp_path)
    model = ChunksModel()
    said: list[str] = []
    model.changed.connect(said.append)
    model.opened(model.open(path, paths))
    assert said == ["view"]
    assert (model.total, model.count, model.indexed) == (80, 80, False)
    model.sources = model.list_sources()
    assert [source.chunks for source in model.sources] == [40, 40]
    # A row that is not there is wished for; the page seen last comes first.
    assert model.row(PAGE) is None
    assert (model.wanting, model.next_page(), model.measures(1)) == (True, 1, False)
    # The first rows came with the facts; their levels are wished for once they are seen.
    first = model.row(0)
    assert first is not None
    assert (first.source, first.rms_db, model.complete(0)) == (model.sources[0].path, None, False)
    assert (model.next_page(), model.measures(0)) == (0, True)
    assert model.take_page(0, model.fetch(0, model.view), model.generation)
    first = model.row(0)
    assert first is not None
    assert first.rms_db is not None
    assert (model.complete(0), model.next_page()) == (True, None)
    rows = model.fetch(1, model.view)
    assert len(rows) == 80 - PAGE
    assert model.take_page(1, rows, model.generation)
    row = model.row(PAGE)
    assert row is not None
    assert row.index == PAGE
    # What was on its way to another order is thrown away.
    before = model.generation
    model.show(View(where=model.sources[1].path), model.count_of(View(where=model.sources[1].path)))
    assert model.count == 40
    assert not model.take_page(0, rows, before)
    with pytest.raises(UserError) as failed:
        model.fetch(0, View("loudness"))
    assert failed.value.code == "index-missing"
    index.build(path, paths=paths)
    mark(path, [7], paths=paths)
    model.opened(model.look_again())
    assert (model.indexed, model.bad) == (True, 1)
    loud = model.fetch(0, View("loudness", descending=True))
    levels = [row.rms_db for row in loud if row.rms_db is not None]
    assert levels == sorted(levels, reverse=True)
    assert model.place_of(7, View(marked=True)) == 0
    assert model.place_of(8, View(marked=True)) is None
    assert chosen_indices([loud[0], None]) == [loud[0].index]
    levels_picture, hz = spectrogram(model.sound(int(model.sources[0].name != "loud.wav") * 40))
    assert levels_picture.shape[0] == BANDS
    assert hz[int(levels_picture.mean(axis=1).argmax())] == pytest.approx(440, rel=0.1)
    model.close()
    with pytest.raises(UserError):
        model.sound(0)


# A player


class Output:
    """Stands in for the sound card, which a test machine has not."""

    def __init__(self, rate: int, channels: int) -> None:
        self.rate, self.channels = rate, channels
        self.state = SimpleNamespace(playing=False, position=0.0, ended=False, problem="")
        self.done: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        def note(*given: Any) -> None:
            self.done.append((name, *given))
            if name in ("play", "pause", "stop"):
                self.state.playing = name == "play"
            if name == "seek":
                self.state.position = given[0]

        return note


def test_a_player_follows_its_output(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", np.stack([tone(RATE, 440, 0.5), tone(RATE, 440, 0.25)], axis=1))
    sound = player.from_file(path)
    assert (sound.seconds, sound.sample_rate, sound.tracks[0].shape) == (1.0, RATE, (2, RATE))
    assert max(high for _low, high in sound.peaks[0]) == pytest.approx(0.5, abs=0.01)
    short = player.from_file(path, limit=0.25)
    assert short.seconds == pytest.approx(0.25, abs=0.001)
    assert short.whole == 1.0
    outputs: list[Output] = []

    def make(rate: int, channels: int) -> Output:
        outputs.append(Output(rate, channels))
        return outputs[-1]

    model = player.PlayerModel()
    model.make_player = make
    model.play()
    assert not outputs
    model.set_sound(sound)
    model.seek(0.4)
    model.toggle()
    assert (model.playing, outputs[0].rate, outputs[0].channels) == (True, RATE, 2)
    assert ("seek", 0.4) in outputs[0].done
    model.set_loop(True)
    assert outputs[0].done[-1] == ("loop", 0.0, 1.0)
    outputs[0].state.playing, outputs[0].state.ended = False, True
    assert model.poll()
    assert (model.playing, model.position) == (False, 1.0)
    model.set_sound(None)
    assert outputs[0].done[-1] == ("close",)
    assert not model.ready


def test_a_missing_output_is_told_and_a_text_is_no_sound(tmp_path: Path) -> None:
    def none(_rate: int, _channels: int) -> Any:
        raise UserError("There is no output.", "Connect one.", code="no-audio-output")

    model = player.PlayerModel()
    model.make_player = none
    model.set_sound(player.make_sound([np.zeros((1, 100), np.float32)], 100))
    model.toggle()
    assert model.problem == ("There is no output.", "Connect one.")
    (tmp_path / "x.wav").write_text("words")
    with pytest.raises(UserError) as failed:
        player.from_file(tmp_path / "x.wav")
    assert failed.value.code == "unreadable"


def test_chunks_are_read_from_whichever_thread_the_window_has_at_hand(tmp_path: Path) -> None:
    """Every call of the window comes from another thread, and the next dataset is opened by another than the one before."""
    folders = [
        built(tmp_path / name, {f"{name}.wav": tone(count * RATE, 220.0, 0.5)})
        for name, count in (("a", 1), ("b", 2))
    ]
    paths, model = app_paths(tmp_path), ChunksModel()
    totals: list[int] = []
    faults: list[BaseException] = []

    def read(folder: Path) -> None:
        try:
            totals.append(model.open(folder, paths)["total"])
        except BaseException as error:  # noqa: BLE001 - carried out of the thread
            faults.append(error)

    for folder in (*folders, *folders):
        for work in (lambda folder=folder: read(folder), lambda: model.details(0), model.list_sources):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
    model.close()
    assert faults == []
    assert totals == [10, 21, 10, 21]
