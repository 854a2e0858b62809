"""Large results of the decoders: through shared memory, through the spool file, and mixed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.helpers.datasets import CHUNK, built, noise

from rave_gui.datasets import build, slots
from rave_gui.datasets.messages import slots_path
from rave_gui.datasets.read import Dataset
from rave_gui.datasets.slots import Giver, Slots, Taker

BYTES = 2 * CHUNK


@pytest.mark.parametrize("places", [0, 4, 10_000])
def test_every_chunk_arrives_once_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, places: int
) -> None:
    """No shared memory, one so small that most goes to the spool file, and one that holds everything."""
    monkeypatch.setattr(slots, "SLOTS_BYTES", places * BYTES)
    count = 700  # of each file: more than travels over the pipe, and the second comes while the first is not stored
    sounds = [noise(seed, count * CHUNK)[0] for seed in (1, 2)]
    files = {f"{i}.wav": sound.astype(np.float64) / 32768 for i, sound in enumerate(sounds)}
    folder = built(tmp_path, files)
    with Dataset(folder) as dataset:
        found = [chunk.audio for chunk in dataset]
        assert [finding for finding in dataset.check() if finding] == []
    expected = np.concatenate(sounds).reshape(2 * count, 1, CHUNK)
    assert len(found) == 2 * count
    for one, other in zip(found, expected, strict=True):
        assert one is not None
        assert np.array_equal(one, other)
    assert not (folder / build.SPOOL).exists()


def test_a_full_memory_refuses_until_places_are_given_back(tmp_path: Path) -> None:
    made = Slots.create(tmp_path / "slots.pcm", slots.SLOTS_BYTES // 4)
    assert made is not None
    back: list[int] = []
    giver, taker = Giver(Slots(made.path, made.size, made.count), lambda: sum(back)), Taker(made, back.append)
    sound = [bytes([i]) * made.size for i in range(5)]
    assert [giver.put(memoryview(s)) for s in sound] == [0, 1, 2, 3, -1]
    target = bytearray(made.size)
    taker.take(0, memoryview(target))
    assert target == sound[0]
    assert back == [1]
    assert giver.put(memoryview(sound[4])) == 4  # in the first place again
    taker.take(4, memoryview(target))
    assert target == sound[4]
    made.close(remove=True)
    assert not made.path.exists()


def test_without_room_there_is_no_shared_memory(tmp_path: Path) -> None:
    assert Slots.create(slots_path(str(tmp_path), 1), slots.SLOTS_BYTES) is None
    assert Slots.create(slots_path(str(tmp_path / "gone"), 1), 1024) is None
    assert list(tmp_path.iterdir()) == []
