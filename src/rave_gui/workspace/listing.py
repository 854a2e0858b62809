"""Tables of a project's things with everything that a list shows, fast enough to be read again whenever something changes.

What takes long to read from disk is kept in the store, with the times of the folders it was read from; while these are the same it is
believed. Jobs that have ended are kept the same way.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.projects.project import Project
from rave_gui.projects.store import Kind, Record
from rave_gui.workspace import facts
from rave_protocol.codec import encode

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services


@dataclass(frozen=True)
class Row:
    """What every row has. Times in seconds since the epoch, ``bytes`` on disk."""

    name: str
    path: Path
    bytes: int
    created: float
    tags: list[str] = field(default_factory=list)
    note: str = ""
    missing: bool = False
    """The folder is not there now (its disk is not connected, or it was moved)."""
    adopted: bool = False
    """It lies outside the project and is only used."""
    job: str | None = None
    """Id of the newest job that made it."""
    state: str | None = None
    """Of that job; None when there is none (any more)."""
    progress: dict[str, Any] | None = None
    error: str = ""
    """Why the job failed, or why the thing cannot be read; a sentence."""
    info: dict[str, Any] = field(default_factory=dict)
    """What else was noted about it (``store.set_info``)."""

    def to_json(self) -> dict[str, Any]:
        """The object that list commands print."""
        data: dict[str, Any] = encode(self)
        return data


@dataclass(frozen=True)
class DatasetRow(Row):
    """A dataset. ``seconds_usable`` is the length of all chunks; ``seconds_lost`` None where no sidecar tells."""

    chunks: int = 0
    seconds_usable: float = 0.0
    seconds_lost: float | None = None
    channels: int = 0
    sample_rate: int = 0
    num_signal: int = 0
    lazy: bool = False
    problems: int = 0
    """Recordings that could not be used, or not whole."""


@dataclass(frozen=True)
class RunRow(Row):
    """A training run. ``step`` is that of the newest checkpoint, None where no file name tells."""

    step: int | None = None
    phase: int | None = None
    """1 or 2 where the job's progress tells it."""
    max_steps: int | None = None
    dataset: str | None = None
    configs: list[str] = field(default_factory=list)
    """Configuration names of the newest training job."""
    preset: str | None = None
    checkpoint: Path | None = None
    n_checkpoints: int = 0
    names: tuple[str, ...] = ()
    """Checkpoints relative to the run, oldest first."""
    versions: int = 0
    modified: float = 0.0

    @property
    def checkpoints(self) -> list[Path]:
        """Every checkpoint, oldest first."""
        return [self.path / name for name in self.names]


@dataclass(frozen=True)
class ExportRow(Row):
    """An exported model; facts are those of its card, None without one."""

    file: Path | None = None
    run: str | None = None
    step: int | None = None
    verified: bool | None = None
    """Whether the file was loaded and tested as a host does when it was made; None where nothing tells."""
    streaming: bool | None = None
    sample_rate: int | None = None
    latent_size: int | None = None
    channels: int | None = None


@dataclass(frozen=True)
class TakeRow(Row):
    """Rendered sound: a file, or a folder of files."""

    files: int = 1


def datasets(services: Services, project: Project) -> list[DatasetRow]:
    """Every dataset, oldest first."""
    return [
        DatasetRow(
            **common,
            chunks=known.get("chunks", 0),
            seconds_usable=known.get("seconds", 0.0),
            seconds_lost=known.get("lost"),
            channels=known.get("channels", 0),
            sample_rate=known.get("sample_rate", 0),
            num_signal=known.get("num_signal", 0),
            lazy=known.get("lazy", False),
            problems=known.get("problems", 0),
        )
        for common, _, known, _ in _rows(services, project, "dataset", facts.read_dataset)
    ]


def runs(services: Services, project: Project) -> list[RunRow]:
    """Every run, oldest first."""
    found = []
    for common, record, known, job in _rows(services, project, "run", facts.read_run):
        checkpoint = known.get("checkpoint")
        found.append(
            RunRow(
                **common,
                step=known.get("step"),
                phase=_phase(job),
                max_steps=job.get("max_steps"),
                dataset=record.parent,
                configs=job.get("configs") or [],
                preset=record.info.get("preset"),
                checkpoint=Path(f"{record.path}/{checkpoint}") if checkpoint else None,
                n_checkpoints=len(known.get("names", ())),
                names=tuple(known.get("names", ())),
                versions=known.get("versions", 0),
                modified=known.get("modified", record.created),
            )
        )
    return found


def exports(services: Services, project: Project) -> list[ExportRow]:
    """Every exported model, oldest first."""
    found = []
    for common, record, known, _ in _rows(services, project, "export", facts.read_export):
        file = record.info.get("file") or (record.path / known["file"] if known.get("file") else None)
        found.append(
            ExportRow(
                **common,
                file=Path(file) if file else None,
                run=record.parent or known.get("run"),
                step=known.get("step"),
                verified=known.get("verified"),
                streaming=known.get("streaming"),
                sample_rate=known.get("sample_rate"),
                latent_size=known.get("latent_size"),
                channels=known.get("channels"),
            )
        )
    return found


def takes(services: Services, project: Project) -> list[TakeRow]:
    """Every take, oldest first."""
    return [
        TakeRow(**common, files=known.get("files", 1))
        for common, _, known, _ in _rows(services, project, "take", facts.read_take)
    ]


def _rows(
    services: Services, project: Project, kind: Kind, read: facts.Read
) -> list[tuple[dict[str, Any], Record, dict[str, Any], dict[str, Any]]]:
    """Of each thing: the fields that every row has, its record, its facts and its job's."""
    records = project.items(kind)
    tags = facts.tags(project, kind)
    jobs = facts.jobs(services, project, records)
    live = {record.name for record in records if record.job and jobs.get(record.job, {}).get("live")}
    known = facts.of(project, kind, records, read, live)
    found = []
    inside = str(project.path) + os.sep
    for record in records:
        fact = known.get(record.name, {})
        job = jobs.get(record.job, {}) if record.job else {}
        missing = bool(fact.get("missing"))
        common = {
            "name": record.name,
            "path": record.path,
            "bytes": fact.get("bytes", 0),
            "created": record.created,
            "tags": tags.get(record.name, []),
            "note": str(record.info.get("note", "")),
            # A job that has not made anything yet is under way, not missing.
            "missing": missing and not job.get("live"),
            "adopted": not str(record.path).startswith(inside) or bool(fact.get("link")),
            "job": job.get("id", record.job),
            "state": job.get("state"),
            "progress": job.get("progress"),
            "error": fact.get("error") or job.get("error") or "",
            "info": record.info,
        }
        found.append((common, record, fact, job))
    return found


def _phase(job: dict[str, Any]) -> int | None:
    text = str((job.get("progress") or {}).get("phase", ""))
    return int(text[-1]) if text in ("phase 1", "phase 2") else None
