"""Does the material that RAVE validates on also lie in what it trains on?

RAVE splits by chunk, at random: 98 % for training, the rest (at most 1,000) for validation (``rave/dataset.py: split_dataset`` with
the ``max_residual`` of its configurations), by torch's permutation with seed 42. Chunks of one recording therefore lie on both
sides, and a validation loss says less about new sounds than it seems to. The split is reproduced here to the last chunk.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rave_gui.datasets import validation
from rave_gui.datasets.index import key_number
from rave_gui.datasets.origins import Origins
from rave_gui.datasets.read import Dataset
from rave_gui.errors import UserError
from rave_gui.i18n import tr, trn
from rave_protocol.codec import encode

PERCENT = 98
SEED = 42
MAX_RESIDUAL = 1000
_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SplitAudit:
    """How much of the validation side is known to the training side. Counts are of validation chunks."""

    chunks: int
    train: int
    validation: int
    known: bool
    """Whether the recordings of the chunks are recorded (datasets made by this application)."""
    exact: int
    """Equal, sample by sample, to a training chunk."""
    same_source: int
    """From a recording that training chunks come from, too."""
    adjacent: int
    """Directly before or after a training chunk in the same recording."""
    share: float
    """Of the validation chunks: equal, or of a recording that training knows (0 to 1)."""
    sources: int
    sources_in_both: int
    kept_apart: int
    """Chunks of whole recordings that this application's trainings keep for validation instead (``split.json``); 0: none."""
    examples: list[dict[str, Any]]
    """A few of them: index, source, why."""
    message: str
    advice: str

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        data: dict[str, Any] = encode(self)
        return data


def permutation(count: int, seed: int = SEED) -> _Ints:
    """``torch.randperm(count, generator=torch.Generator().manual_seed(seed))`` without torch.

    Torch's generator on the processor is the Mersenne Twister of 32 bits, and the permutation Fisher and Yates's with one
    draw a place (aten/src/ATen/native/TensorFactories.cpp, randperm_cpu); numpy's legacy generator draws the same numbers.
    """
    order = np.arange(count, dtype=np.int64)
    if count < 2:
        return order
    draws = np.random.RandomState(seed).randint(0, 2**32, count - 1, np.uint32)
    steps = (draws.astype(np.int64) % np.arange(count, 1, -1)).tolist()
    plain = order.tolist()
    for place, step in enumerate(steps):
        other = place + step
        plain[place], plain[other] = plain[other], plain[place]
    return np.array(plain, np.int64)


def split(count: int, max_residual: int | None = MAX_RESIDUAL) -> tuple[_Ints, _Ints]:
    """RAVE's training and validation chunks (places in key order) of a dataset of ``count`` chunks."""
    train = max(PERCENT * count // 100, 1)
    held = count - train
    if max_residual is not None:
        held = min(max_residual, held)
    order = permutation(count)
    return order[: count - held], order[count - held :]


def audit(dataset: Path) -> SplitAudit:
    """Compare the two sides of RAVE's split by recording and by content. Reads no sound where a sidecar tells; otherwise every chunk.

    Raises :class:`UserError` (``empty-dataset``, and as :class:`Dataset` does).
    """
    with Dataset(dataset) as one, Origins(one.path) as origins:
        if not one.chunks:
            raise UserError(
                tr("The dataset at {path} is empty.", path=dataset),
                tr("Add recordings to it, or build it again."),
                code="empty-dataset",
            )
        if one.lazy:
            raise UserError(
                tr(
                    "The split of a lazy dataset cannot be audited: RAVE draws it anew over examples of all recordings."
                ),
                tr(
                    "Nearly every recording is then on both sides, so the validation figures say how well known recordings are reproduced."
                ),
                code="lazy-dataset",
            )
        train, held = split(one.chunks)
        in_train = np.zeros(one.chunks, bool)
        in_train[train] = True
        hashes = _hashes(one, origins)
        # A damaged record has no hash and is equal to nothing.
        equal = np.isin(hashes[held], hashes[train]) & (hashes[held] != 0)
        same = np.zeros(len(held), bool)
        beside = np.zeros(len(held), bool)
        files: set[int] = set()
        both: set[int] = set()
        first: dict[int, int] = {}
        if origins.known:
            places = _place_of_key(one)
            pairs = origins.all_files_of_chunks()
            at = places(pairs[:, 0])
            good = at >= 0
            at, file = at[good], pairs[good, 1]
            files = set(file.tolist())
            trained = np.unique(file[in_train[at]])
            both = set(trained.tolist()) & set(file[~in_train[at]].tolist())
            shared = np.zeros(one.chunks, bool)
            shared[at[np.isin(file, trained)]] = True
            same = shared[held]
            first = dict(zip(at[::-1].tolist(), file[::-1].tolist(), strict=True))
            for number, place in enumerate(held.tolist()):
                beside[number] = any(
                    0 <= near < one.chunks and in_train[near] and first.get(near) == first.get(place, -1)
                    for near in (place - 1, place + 1)
                )
        names = {source.id: source.path for source in origins.sources()}
        examples = [
            {
                "index": int(place),
                "source": names.get(first.get(int(place), -1), ""),
                "why": "equal" if equal[number] else "adjacent" if beside[number] else "same-source",
            }
            for number, place in enumerate(held.tolist())
            if equal[number] or same[number]
        ][:20]
        share = float((equal | same).mean()) if len(held) else 0.0
        found = SplitAudit(
            chunks=one.chunks,
            train=len(train),
            validation=len(held),
            known=origins.known,
            exact=int(equal.sum()),
            same_source=int(same.sum()),
            adjacent=int(beside.sum()),
            share=share,
            sources=len(files),
            sources_in_both=len(both),
            kept_apart=_kept_apart(one),
            examples=examples,
            message="",
            advice="",
        )
        return SplitAudit(**{**vars(found), "message": _message(found), "advice": _advice(found)})


def _kept_apart(dataset: Dataset) -> int:
    """Validation chunks that the dataset itself names, when they still fit it."""
    declared = validation.read(dataset.path) or {}
    chunks = declared.get("validation")
    return len(chunks) if isinstance(chunks, list) and declared.get("count") == dataset.chunks else 0


def _place_of_key(dataset: Dataset) -> Any:
    """A function from keys as numbers to places (-1: not there)."""
    keys = dataset.keys()
    if keys is None:
        return lambda numbers: np.where((numbers >= 0) & (numbers < dataset.chunks), numbers, -1)
    known = {key_number(key): place for place, key in enumerate(keys)}
    return lambda numbers: np.array([known.get(int(number), -1) for number in numbers], np.int64)


def _hashes(dataset: Dataset, origins: Origins) -> npt.NDArray[np.uint64]:
    """Eight bytes of every chunk's content hash, 0 where it cannot be read."""
    import hashlib

    found = np.zeros(dataset.chunks, np.uint64)
    if origins.known:
        keys, hashes = origins.all_hashes()
        at = _place_of_key(dataset)(keys)
        short = np.frombuffer(hashes.tobytes(), np.uint8).reshape(-1, 20)[:, :8]
        found[at[at >= 0]] = np.ascontiguousarray(short).view(np.uint64)[:, 0][at >= 0]
        return found
    for place in range(dataset.chunks):
        value = dataset.raw(place)
        if value is not None:
            digest = hashlib.sha1(value, usedforsecurity=False).digest()
            found[place] = np.frombuffer(digest[:8], np.uint64)[0]
    return found


def _message(found: SplitAudit) -> str:
    if not found.validation:
        return tr("With {chunks} chunks RAVE keeps none for validation.", chunks=found.chunks)
    parts = [
        tr(
            "RAVE trains on {train} chunks and validates on {validation}, drawn at random chunk by chunk.",
            train=f"{found.train:,}",
            validation=f"{found.validation:,}",
        )
    ]
    if found.known:
        parts.append(
            tr(
                "{share} % of the validation chunks come from recordings that are trained on as well; {adjacent} lie right beside a "
                "training chunk, {exact} are equal to one.",
                share=round(100 * found.share),
                adjacent=found.adjacent,
                exact=found.exact,
            )
        )
    else:
        parts.append(
            tr(
                "Which recording a chunk came from is not recorded in this dataset; {exact} validation chunks are equal to a training "
                "chunk.",
                exact=found.exact,
            )
        )
    return " ".join(parts)


def _advice(found: SplitAudit) -> str:
    if found.kept_apart:
        return trn(
            "Trainings in this application keep {n} chunk of whole recordings apart and validate on that: their figures can be "
            "trusted. Only RAVE's own command line draws at random.",
            "Trainings in this application keep {n} chunks of whole recordings apart and validate on these: their figures can be "
            "trusted. Only RAVE's own command line draws at random.",
            found.kept_apart,
        )
    if found.exact or found.share > 0.1:
        return tr(
            "The validation figures of such a training say how well known recordings are reproduced, not how new sounds will fare. "
            "To know that, keep whole recordings out: build the dataset with a split by file, or test with a recording that is not in it."
        )
    if not found.known:
        return tr("Build the dataset again with this application to see it by recording.")
    return tr("Validation and training do not share recordings: the validation figures can be trusted.")
