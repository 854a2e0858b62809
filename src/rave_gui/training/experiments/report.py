"""A report on one or more runs: what was done with what, what came of it, and how it sounds."""

from __future__ import annotations

import base64
import io
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.projects import Project
from rave_gui.projects.runs import list_checkpoints, step_of
from rave_gui.training.experiments import compare, table
from rave_gui.training.experiments.compare import Comparison
from rave_protocol import jobfolder
from rave_protocol.codec import ProtocolError
from rave_protocol.events import Started

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.jobs.service import JobView

SOUND_SECONDS = 20.0
"""Of a preview in a report; longer ones are cut there."""
RECORDINGS = 400
"""Listed by name; of more only the number is said."""


@dataclass(frozen=True)
class Heard:
    """One preview of a run, as FLAC."""

    step: int
    original: bytes
    reconstruction: bytes


@dataclass(frozen=True)
class Provenance:
    """What a run was trained on. ``facts`` is empty and ``problem`` says why when the dataset is not there any more."""

    name: str
    facts: dict[str, Any] = field(default_factory=dict)
    recordings: list[dict[str, Any]] = field(default_factory=list)
    """``{"name", "seconds", "hash"}``, the name relative to the folder it was taken from."""
    notes: dict[str, dict[str, str]] = field(default_factory=dict)
    """Licence and consent by source."""
    problem: str = ""


@dataclass(frozen=True)
class Work:
    """One job that trained a run. Times in seconds since the epoch."""

    job: str
    state: str
    started: float | None
    ended: float | None
    host: str
    versions: dict[str, str]
    error: str = ""


@dataclass(frozen=True)
class RunPart:
    """What the report says of one run alone."""

    name: str
    note: str
    tags: list[str]
    work: list[Work]
    provenance: Provenance | None
    heard: list[Heard]
    checkpoints: list[dict[str, Any]]
    """``{"name", "step", "bytes"}``, by their steps; those without a number in their name last."""
    config: str
    """The run's config.gin, empty where there is none."""


@dataclass(frozen=True)
class Report:
    """Everything in a report, before it is laid out."""

    project: str
    made: float
    version: str
    engine: dict[str, str]
    """Versions of the engine that is installed now."""
    comparison: Comparison
    runs: list[RunPart]
    align: str = "step"


def gather(services: Services, project: Project, names: Sequence[str], *, audio: bool = True) -> Report:
    """Read everything (seconds for long runs: call it in a thread). Raises :class:`UserError` (``run-missing``, ``nothing-chosen``)."""
    from rave_gui import __version__

    if not names:
        raise UserError(tr("No run was chosen."), tr("Choose one or more runs."), code="nothing-chosen")
    table.refresh(project)
    chosen = compare.pick(project, table.table(services, project), list(dict.fromkeys(names)))
    whole = compare.compare(chosen)
    jobs = services.jobs.list(project.path)
    status = services.engine.status()
    engine = {
        key: str(getattr(status, key))
        for key in ("rave", "torch", "torchaudio", "python", "device")
        if getattr(status, key, None)
    }
    parts = [_part(services, project, run, jobs, audio) for run in chosen]
    return Report(project.name, time.time(), __version__, engine, whole, parts)


def html(report: Report) -> str:
    """The report as one page that needs nothing else."""
    from rave_gui.training.experiments import report_html

    return report_html.page(report)


def printable(report: Report) -> tuple[str, dict[str, str]]:
    """The report for print: simple HTML (tables, headings, pictures by name; what QTextDocument lays out), and the pictures as SVG."""
    from rave_gui.training.experiments import report_html

    return report_html.printable(report)


def write(text: str, target: Path, suffix: str, *, program: bool = False) -> Path:
    """Write a new file, whole or not at all; its path. Raises :class:`UserError`: file-exists, not-writable."""
    path = Path(os.path.abspath(target.expanduser()))  # noqa: PTH100 - links stay links
    if not path.suffix:
        path = path.with_name(path.name + suffix)
    aside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(text, encoding="utf-8", newline="\n")
        if program:
            aside.chmod(0o755)
        try:
            if path.exists():
                raise FileExistsError(path)
            aside.rename(path)
        finally:
            aside.unlink(missing_ok=True)
    except FileExistsError:
        raise UserError(
            tr("{path} is there already.", path=path),
            tr("Choose another name; nothing is overwritten."),
            code="file-exists",
        ) from None
    except OSError as error:
        raise UserError(
            tr("{path} cannot be written: {reason}.", path=path, reason=error.strerror or str(error)),
            tr("Choose a folder that you may write to, with free space."),
            str(error),
            code="not-writable",
        ) from error
    return path


def embedded(sound: bytes) -> str:
    """A sound as the source of an audio element."""
    return f"data:audio/flac;base64,{base64.b64encode(sound).decode('ascii')}"


def _part(
    services: Services, project: Project, run: table.Experiment, jobs: Sequence[JobView], audio: bool
) -> RunPart:
    work = [_work(services, job) for job in jobs if job.kind == "train" and _trains(job, run.path)]
    record = project.store.get("run", run.name)
    dataset = record.parent if record is not None else None
    params = next(
        (job.params for job in reversed(jobs) if job.kind == "train" and _trains(job, run.path)), {}
    )
    heard = []
    if audio:
        clips = compare.clips(run)
        # The first, one half-way and the last: how far it came.
        places = sorted({0, len(clips) // 2, len(clips) - 1} if clips else ())
        for clip in (clips[n] for n in places):
            original, made = flac(clip.original), flac(clip.reconstruction)
            if original and made:
                heard.append(Heard(clip.step, original, made))
    try:
        config = (run.path / "config.gin").read_text(encoding="utf-8", errors="replace")
    except OSError:
        config = ""
    checkpoints = [
        {"name": path.name, "step": step_of(path), "bytes": path.stat().st_size}
        for path in sorted(list_checkpoints(run.path), key=lambda p: (step_of(p) is None, step_of(p) or 0))
    ]
    fields = run.fields
    return RunPart(
        run.name,
        str(fields.get("note") or ""),
        list(fields.get("tags") or []),
        work,
        _provenance(services, project, dataset, params.get("dataset")),
        heard,
        checkpoints,
        config,
    )


def _trains(job: JobView, run: Path) -> bool:
    told = Path(str(job.params.get("run") or ""))
    return told == run or (told.name == run.name and told.parent.name == run.parent.name)


def _work(services: Services, job: JobView) -> Work:
    versions: dict[str, str] = {}
    for stamped in services.jobs.reader(job).read():
        if isinstance(stamped.event, Started):
            versions = stamped.event.versions
            break
    error = (job.error or {}).get("message", "")
    return Work(job.id, job.state, job.started, job.ended, job.host or _host(job), versions, str(error))


def _host(job: JobView) -> str:
    """The computer that did a job of this one's."""
    from rave_protocol.files import read_json

    try:
        return str(read_json(job.folder / jobfolder.STATE).get("host") or "")
    except (OSError, ProtocolError):
        return ""


def _provenance(
    services: Services, project: Project, name: str | None, place: str | None
) -> Provenance | None:
    from rave_gui.datasets import actions as datasets

    if name is None and not place:
        return None
    shown = name or Path(str(place)).name
    for target in (Path(name) if name else None, Path(place) if place else None):
        if target is None:
            continue
        try:
            facts = datasets.show(services, target, project.path)
            notes = datasets.notes(services, target, project.path)
        except UserError as error:
            problem = error.message
            continue
        rows = [
            {"name": _relative(row), "seconds": row["seconds"], "hash": row["hash"]}
            for row in facts.pop("files")
            if not row["code"]
        ]
        roots = {_last(source): note for source, note in notes.items()}
        return Provenance(shown, facts, rows, roots)
    return Provenance(shown, problem=problem)


def _relative(row: dict[str, Any]) -> str:
    """A recording by its place below the folder that was given: whole paths are nobody else's business."""
    path, root = str(row["path"]), str(row.get("root") or "")
    return path[len(root) :].lstrip("/\\") if root and path.startswith(root) and path != root else _last(path)


def _last(path: str) -> str:
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2] or path


def flac(path: Path) -> bytes:
    """The beginning of a sound file as FLAC; empty when it cannot be read."""
    import soundfile

    try:
        with soundfile.SoundFile(str(path)) as source:
            audio = source.read(int(SOUND_SECONDS * source.samplerate), dtype="int16", always_2d=True)
            rate = source.samplerate
    except (soundfile.LibsndfileError, OSError):
        return b""
    if not len(audio):
        return b""
    out = io.BytesIO()
    soundfile.write(out, audio, rate, format="FLAC", subtype="PCM_16")
    return out.getvalue()
