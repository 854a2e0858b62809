"""What a forecast means, in words: what to expect of so much sound, what is lost, what will not work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rave_gui.audio.problems import AudioInfo
from rave_gui.datasets.layout import RATIO, minimum_chunks
from rave_gui.datasets.lazy import needs_ffmpeg
from rave_gui.datasets.scan import ScanRow
from rave_gui.datasets.target import check_target
from rave_gui.errors import UserError
from rave_gui.i18n import tr, trn
from rave_gui.projects.size import in_words
from rave_protocol.specs import DatasetParams

if TYPE_CHECKING:
    from rave_gui.datasets.preflight import Preflight

USUAL_SECONDS = 3 * 3600.0
"""Length of material that RAVE's users recommend at least."""
LITTLE_SECONDS = 30 * 60.0
VERY_LITTLE_SECONDS = 5 * 60.0
MUCH_LOST = 0.1
"""Share of the sound from which on its loss is worth a remark."""


@dataclass(frozen=True)
class Remark:
    """Something to know before the start. ``error`` means that nothing can come of it."""

    code: str
    severity: Literal["error", "warning", "info"]
    message: str
    hint: str = ""
    keys: tuple[str, ...] = ()
    """Parameters it is about."""


def reasons(params: DatasetParams) -> dict[str, str]:
    """Why sound is in no chunk, by code."""
    rate = params.sample_rate
    needed = (params.num_signal if params.lazy else 2 * params.num_signal) / rate
    return {
        "tail": tr("The rest does not fill a chunk of {seconds} s.", seconds=f"{needed:.1f}"),
        "short": tr("The file is shorter than the {seconds} s needed.", seconds=f"{needed:.1f}"),
        "silence": tr("Cut as silence."),
    }


def remarks(params: DatasetParams, found: Preflight, rows: Sequence[ScanRow]) -> list[Remark]:
    """Everything worth saying, the gravest first."""
    order = {"error": 0, "warning": 1, "info": 2}
    every = [*_target(params), *_example(params), *_room(params, found), *_amount(params, found), *_loss(params, found),
             *_channels(params, rows), *_rates(params, rows), *_lazy(params, rows), *_copies(params, found)]  # fmt: skip
    return sorted(every, key=lambda remark: order[remark.severity])


def _target(params: DatasetParams) -> Iterator[Remark]:
    if not params.output:
        return
    try:
        check_target(params)
    except UserError as error:
        yield Remark(error.code, "error", error.message, error.hint)


def too_large(needed: int, allowed: int) -> Remark:
    """The dataset takes more bytes than its parameters allow."""
    return Remark(
        "too-large",
        "error",
        tr(
            "The dataset would take {needed}, and {allowed} are allowed.",
            needed=in_words(needed),
            allowed=in_words(allowed),
        ),
        tr("Allow more, or choose fewer recordings."),
        ("max_size",),
    )


def no_room(needed: int, free: int) -> Remark:
    """The dataset takes more bytes than the disk has left."""
    return Remark(
        "disk-full",
        "error",
        tr(
            "The dataset needs {needed}, and the disk has {free} free.",
            needed=in_words(needed),
            free=in_words(free),
        ),
        tr("Free some space, or put the dataset on another disk."),
    )


def _room(params: DatasetParams, found: Preflight) -> Iterator[Remark]:
    if params.max_size and found.disk_needed > params.max_size:
        yield too_large(found.disk_needed, params.max_size)
    if params.output and found.disk_needed > found.disk_free:
        yield no_room(found.disk_needed, found.disk_free)


def _example(params: DatasetParams) -> Iterator[Remark]:
    if params.num_signal % RATIO:
        near = max(1, round(params.num_signal / RATIO)) * RATIO
        yield Remark(
            "odd-length",
            "warning",
            tr(
                "An example of {n} samples is not a whole number of the {ratio} samples that RAVE's usual models work in at a time.",
                n=f"{params.num_signal:,}",
                ratio=f"{RATIO:,}",
            ),
            tr(
                "A training needs a multiple, and could not use the whole of each example. Choose one, such as {near}.",
                near=f"{near:,}",
            ),
            ("num_signal",),
        )


def _amount(params: DatasetParams, found: Preflight) -> Iterator[Remark]:
    if found.chunks == 0:
        yield Remark(
            "no-audio",
            "error",
            tr("No chunk comes of these recordings."),
            tr("Add recordings, join short files, keep the ends of recordings, or choose shorter examples."),
            ("num_signal", "short_files", "tails"),
        )
        return
    needed = minimum_chunks(params.num_signal)
    if found.chunks < needed:
        yield Remark(
            "few-chunks",
            "warning",
            trn(
                "There will be {n} chunk; RAVE's own training with v2 fails at its first validation below {needed}.",
                "There will be {n} chunks; RAVE's own training with v2 fails at its first validation below {needed}.",
                found.chunks,
                needed=needed,
            ),
            tr(
                "Training in this application works, but tests itself on very little. More recordings or shorter examples help."
            ),
            ("num_signal",),
        )
    length = _length(found.seconds_usable)
    if found.seconds_usable < VERY_LITTLE_SECONDS:
        text = tr(
            "{length} of sound is enough to try everything out, not for a model that plays well.",
            length=length,
        )
        hint = tr(
            "The model will learn these few sounds by heart and answer everything with them. Three hours or more are usual."
        )
    elif found.seconds_usable < LITTLE_SECONDS:
        text = tr("{length} of sound is little: expect a model of one narrow sound.", length=length)
        hint = tr(
            "It works best when the recordings are of one instrument or texture and much alike. Three hours or more are usual."
        )
    elif found.seconds_usable < USUAL_SECONDS:
        text = tr("{length} of sound is less than the three hours that are usual.", length=length)
        hint = tr(
            "A model of one kind of sound can come out well; variety needs more. Variations while training stretch it further."
        )
    else:
        return
    yield Remark("little-sound", "warning" if found.seconds_usable < LITTLE_SECONDS else "info", text, hint)


def _loss(params: DatasetParams, found: Preflight) -> Iterator[Remark]:
    lost = sum(loss.seconds for loss in found.losses if loss.code in ("tail", "short"))
    if found.seconds and lost > MUCH_LOST * found.seconds:
        yield Remark(
            "much-lost",
            "warning",
            tr(
                "{lost} of {all} will not be in the dataset, because it does not fill chunks.",
                lost=_length(lost),
                all=_length(found.seconds),
            ),
            tr("Join short files and keep the ends of recordings, or choose shorter examples."),
            ("short_files", "tails", "num_signal"),
        )


def _channels(params: DatasetParams, rows: Sequence[ScanRow]) -> Iterator[Remark]:
    several = sum(row.channels > 1 for row in rows)
    if params.channels == 1 and several and params.mono in ("left", "right") and not params.lazy:
        yield Remark(
            "one-side",
            "warning",
            trn(
                "Only one side of {n} stereo recording will be heard.",
                "Only one side of {n} stereo recordings will be heard.",
                several,
            ),
            tr("What lies on the other side is lost: mix the channels, or take each by itself."),
            ("mono",),
        )
    elif params.channels == 1 and several and params.lazy:
        yield Remark(
            "left-only",
            "warning",
            trn(
                "Of {n} stereo recording RAVE will hear the left channel only, because the sound stays in the files.",
                "Of {n} stereo recordings RAVE will hear the left channels only, because the sound stays in the files.",
                several,
            ),
            tr("Store the sound in the dataset to have the channels mixed."),
            ("lazy", "mono"),
        )
    elif params.channels == 1 and several and params.mono == "mix":
        yield Remark(
            "mixed",
            "info",
            trn(
                "{n} stereo recording is mixed to mono. RAVE's own command would take its left channel only.",
                "{n} stereo recordings are mixed to mono. RAVE's own command would take their left channels only.",
                several,
            ),
            keys=("mono",),
        )
    fewer = sum(0 < row.channels < params.channels for row in rows)
    if params.channels > 1 and fewer:
        yield Remark(
            "fewer-channels",
            "warning" if fewer == len(rows) else "info",
            trn(
                "{n} recording has fewer than {channels} channels; what it has is repeated.",
                "{n} recordings have fewer than {channels} channels; what they have is repeated.",
                fewer,
                channels=params.channels,
            ),
            keys=("channels",),
        )


def _rates(params: DatasetParams, rows: Sequence[ScanRow]) -> Iterator[Remark]:
    lower = sum(0 < row.sample_rate < params.sample_rate for row in rows)
    if lower:
        yield Remark(
            "lower-rate",
            "warning" if lower == len(rows) else "info",
            trn(
                "{n} recording has a lower sample rate than {rate} Hz: its upper range stays empty.",
                "{n} recordings have a lower sample rate than {rate} Hz: their upper range stays empty.",
                lower,
                rate=params.sample_rate,
            ),
            tr(
                "The model learns that emptiness as well. A dataset of the recordings' own rate trains faster."
            )
            if lower == len(rows)
            else "",
            ("sample_rate",),
        )


def _lazy(params: DatasetParams, rows: Sequence[ScanRow]) -> Iterator[Remark]:
    if not params.lazy:
        return
    yield Remark(
        "lazy",
        "info",
        tr(
            "The dataset will hold no sound: every training decodes the recordings again and again, and needs them where they are."
        ),
        tr("Without it training is faster and nothing breaks when recordings are moved."),
        ("lazy",),
    )
    foreign = sum(
        needs_ffmpeg(
            AudioInfo(row.path, row.seconds, row.sample_rate, row.channels, row.codec, row.container)
        )
        for row in rows
    )
    if foreign:
        yield Remark(
            "needs-ffmpeg",
            "warning",
            trn(
                "{n} recording is read by ffmpeg while training, which is slow.",
                "{n} recordings are read by ffmpeg while training, which is slow.",
                foreign,
            ),
            tr(
                "The engine brings ffmpeg along; one that you set up yourself may lack it. A dataset that holds the sound needs none."
            ),
            ("lazy",),
        )


def _copies(params: DatasetParams, found: Preflight) -> Iterator[Remark]:
    count = sum(len(group) - 1 for group in found.duplicates)
    if count and params.duplicates == "keep":
        example = Path(found.duplicates[0][0]).name
        yield Remark(
            "duplicates",
            "warning",
            trn(
                "{n} file is a copy of another one ({example}, for example).",
                "{n} files are copies of others ({example}, for example).",
                count,
                example=example,
            ),
            tr("The model hears copies more often than the rest. Keep one of each to avoid that."),
            ("duplicates",),
        )


def _length(seconds: float) -> str:
    if seconds >= 3600:
        return tr("{hours} h {minutes} min", hours=int(seconds // 3600), minutes=int(seconds % 3600 // 60))
    if seconds >= 60:
        return tr("{minutes} min {seconds} s", minutes=int(seconds // 60), seconds=int(seconds % 60))
    return tr("{seconds} s", seconds=f"{seconds:.1f}")
