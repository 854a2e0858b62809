"""The audit of RAVE's split: the permutation is torch's, and what lies on both sides is found."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from tests.helpers.datasets import CHUNK, built, foreign, noise

from rave_gui.datasets.split import audit, permutation, split
from rave_gui.errors import UserError

DIGESTS: dict[str, str] = json.loads(
    (Path(__file__).parent / "fixtures" / "torch_randperm.json").read_text(encoding="utf-8")
)["digests"]


@pytest.mark.parametrize("count", [int(name) for name in DIGESTS])
def test_the_permutation_is_torchs(count: int) -> None:
    text = ",".join(map(str, permutation(count).tolist()))
    assert hashlib.sha256(text.encode()).hexdigest() == DIGESTS[str(count)]


@pytest.mark.parametrize(
    ("count", "train", "validation"), [(1, 1, 0), (40, 39, 1), (100, 98, 2), (60000, 59000, 1000)]
)
def test_sizes_are_raves(count: int, train: int, validation: int) -> None:
    left, right = split(count)
    assert (len(left), len(right)) == (train, validation)
    assert len(np.union1d(left, right)) == count


def test_recordings_on_both_sides_are_found(tmp_path: Path) -> None:
    sound = np.random.default_rng(0).standard_normal(100 * CHUNK) * 0.1
    validation = sorted(split(100)[1].tolist())
    # One recording of many chunks, and one of a single chunk that is a validation chunk.
    alone = validation[-1]
    files = {
        "a.wav": sound[: alone * CHUNK],
        "b.wav": sound[alone * CHUNK : (alone + 1) * CHUNK],
        "c.wav": sound[(alone + 1) * CHUNK :],
    }
    found = audit(built(tmp_path, {name: audio for name, audio in files.items() if audio.size}))
    assert (found.chunks, found.train, found.validation) == (100, 98, 2)
    assert found.known
    assert (found.same_source, found.share, found.exact) == (1, 0.5, 0)
    assert found.adjacent == 1
    assert found.sources_in_both == 1
    assert [Path(one["source"]).name for one in found.examples] == ["a.wav"]
    assert "50 %" in found.message
    assert "by file" in found.advice
    assert found.to_json()["examples"] == found.examples


def test_equal_chunks_are_found_without_a_sidecar(tmp_path: Path) -> None:
    train, validation = split(60)
    chunks = {b"%08d" % i: noise(i, 256) for i in range(60)}
    chunks[b"%08d" % validation[0]] = noise(int(train[5]), 256)
    found = audit(foreign(tmp_path / "up", chunks))
    assert (found.known, found.exact, found.validation, found.same_source) == (False, 1, 2, 0)
    assert found.share == 0.5
    assert found.examples[0]["why"] == "equal"
    clean = audit(foreign(tmp_path / "clean", {b"%08d" % i: noise(i, 256) for i in range(60)}))
    assert (clean.exact, clean.share) == (0, 0)


def test_a_clean_split_is_called_so(tmp_path: Path) -> None:
    files = {f"{i:03d}.wav": np.random.default_rng(i).standard_normal(CHUNK) * 0.1 for i in range(60)}
    found = audit(built(tmp_path, files))
    assert (found.share, found.same_source, found.sources_in_both) == (0, 0, 0)
    assert "trusted" in found.advice


def test_small_and_empty_datasets(tmp_path: Path) -> None:
    found = audit(foreign(tmp_path / "one", {b"00000000": noise(1)}))
    assert (found.validation, found.share) == (0, 0)
    assert found.message
    with pytest.raises(UserError) as caught:
        audit(foreign(tmp_path / "empty", {}))
    assert caught.value.code == "empty-dataset"


def test_recordings_kept_apart_are_told(tmp_path: Path) -> None:
    files = {f"{i}.wav": np.random.default_rng(i).standard_normal(20 * CHUNK) * 0.1 for i in range(5)}
    found = audit(built(tmp_path, files, validation="files"))
    assert found.kept_apart == 20
    assert found.share > 0.5
    assert "trusted" in found.advice
