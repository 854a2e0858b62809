"""What the runs of a project take on the disk: sizes, old checkpoints that may go, logs in an archive.

Pruning moves checkpoints into the project's trash (``trash/pruned/<run>-<time>``), from where they can be brought back; only
:func:`purge` frees the space.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.projects import Project
from rave_gui.projects.runs import step_of
from rave_gui.training.eventfiles import is_event_file
from rave_gui.training.heralding import phase_two_at
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json, replace_file, write_json

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.jobs.service import JobView

FOLDER, NOTE = "pruned", "prune.json"
_NUMBERED = re.compile(r"^step_\d+\.ckpt$")


@dataclass(frozen=True)
class LogFolder:
    """What one run takes, in bytes."""

    run: str
    path: Path
    events: int = 0
    checkpoints: int = 0
    previews: int = 0
    other: int = 0
    checkpoint_files: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.events + self.checkpoints + self.previews + self.other

    def to_json(self) -> dict[str, Any]:
        """The object that commands print."""
        return {**vars(self), "path": str(self.path), "total": self.total}


@dataclass(frozen=True)
class PruneFile:
    """One checkpoint that may go."""

    run: str
    path: Path
    bytes: int
    step: int


@dataclass(frozen=True)
class PrunePlan:
    """What :func:`prune` would move."""

    files: list[PruneFile] = field(default_factory=list)
    left_alone: dict[str, str] = field(default_factory=dict)
    """Runs that are not touched, with why."""

    @property
    def bytes(self) -> int:
        """Of all the files."""
        return sum(file.bytes for file in self.files)


@dataclass(frozen=True)
class Pruned:
    """Checkpoints of one run in the trash. ``time``: seconds since the epoch."""

    id: str
    run: str
    time: float
    bytes: int
    files: int

    def to_json(self) -> dict[str, Any]:
        """The object that commands print."""
        return dict(vars(self))


def sizes(project: Project) -> list[LogFolder]:
    """What each run takes, the largest first. Reads the disk: call it in a thread."""
    found = []
    for record in project.items("run"):
        if not record.path.is_dir():
            continue
        parts = dict.fromkeys(("events", "checkpoints", "previews", "other", "checkpoint_files"), 0)
        for path, size in _files(record.path):
            parts[_part(path)] += size
            parts["checkpoint_files"] += path.suffix == ".ckpt"
        found.append(LogFolder(record.name, record.path, **parts))
    return sorted(found, key=lambda folder: folder.total, reverse=True)


def prune_plan(services: Services, project: Project, runs: Sequence[str] = (), *, keep: int = 3) -> PrunePlan:
    """Old numbered checkpoints of some runs (none named: all) that nothing needs.

    Kept of each version: the newest ``keep``, the last one of phase 1, milestones the user asked for, and everything that is not
    numbered (the best one). Runs that are trained, lie outside the project, or wait in the queue are left alone. Raises
    :class:`UserError` (``run-missing``).
    """
    for name in runs:
        project.find_run(name)
    jobs = services.jobs.list(project.path)
    live = [job for job in jobs if not job.final]
    needed = {os.path.normcase(text) for job in live for text in _texts(job.params)}
    plan = PrunePlan()
    for record in project.items("run"):
        if runs and record.name not in runs:
            continue
        if not record.path.is_relative_to(project.path) or record.path.is_symlink():
            plan.left_alone[record.name] = tr("It lies outside the project.")
            continue
        if any(_uses(job, record.path) for job in live):
            plan.left_alone[record.name] = tr("A job uses it.")
            continue
        every = _milestones(project, record.job)
        switch = phase_two_at(record.path)
        for folder in sorted(record.path.glob("version_*/checkpoints")):
            plan.files.extend(
                PruneFile(record.name, path, path.stat().st_size, step)
                for path, step in _spare(folder, max(keep, 1), switch, every)
                if os.path.normcase(str(path)) not in needed
            )
    return plan


def prune(services: Services, project: Project, plan: PrunePlan) -> int:
    """Move the checkpoints of a plan into the trash; the bytes that were moved. What a job has begun to use meanwhile stays.

    Raises :class:`UserError` (``not-writable``).
    """
    busy = [job for job in services.jobs.list(project.path) if not job.final]
    stamp, moved = time.strftime("%Y%m%d-%H%M%S"), 0
    for run in dict.fromkeys(file.run for file in plan.files):
        files = [file for file in plan.files if file.run == run and file.path.is_file()]
        if not files or any(_uses(job, files[0].path.parents[2]) for job in busy):
            continue
        own = project.trash / FOLDER / f"{stamp}-{secrets.token_hex(3)}"
        home = files[0].path.parents[2]
        names = [file.path.relative_to(home).as_posix() for file in files]
        try:
            own.mkdir(parents=True)
            # The note comes first: killed in between, what is still in its place is simply not brought back.
            write_json(own / NOTE, {"run": run, "path": str(home), "time": time.time(), "files": names})
            for file, name in zip(files, names, strict=True):
                target = own / name
                target.parent.mkdir(parents=True, exist_ok=True)
                replace_file(file.path, target)
                moved += file.bytes
        except OSError as error:
            raise _refused(own, error) from error
    return moved


def pruned(project: Project) -> list[Pruned]:
    """Checkpoints in the trash, newest first."""
    folder, found = project.trash / FOLDER, []
    for own in folder.iterdir() if folder.is_dir() else ():
        note = _note(own)
        if note is not None:
            there = [size for path, size in _files(own) if path.name != NOTE]
            if there:
                found.append(Pruned(own.name, note["run"], float(note["time"]), sum(there), len(there)))
    return sorted(found, key=lambda item: item.time, reverse=True)


def restore(project: Project, item: str) -> int:
    """Bring checkpoints back to their run; the number of them. What is there already stays, and its older namesake remains in the trash.

    Raises :class:`UserError`: trash-missing, run-missing (it was deleted or renamed), not-writable.
    """
    own = _own(project, item)
    note = _note(own)
    if note is None:
        raise _gone()
    # A note may have come with somebody else's project: only a run of this one is a place to put things.
    known = {str(record.path): record.path for record in project.items("run")}
    home = known.get(note["path"]) or project.find_run(note["run"])
    count = 0
    try:
        for path, _ in list(_files(own)):
            target = home / path.relative_to(own)
            if path.name == NOTE or target.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, target)
            count += 1
    except OSError as error:
        raise _refused(home, error) from error
    if all(path.name == NOTE for path, _ in _files(own)):
        shutil.rmtree(own, ignore_errors=True)
    return count


def purge(project: Project, item: str) -> int:
    """Remove pruned checkpoints for good; the bytes that are free now. Raises :class:`UserError`: trash-missing, not-writable."""
    own = _own(project, item)
    size = sum(size for _, size in _files(own))
    try:
        shutil.rmtree(own)
    except OSError as error:
        raise _refused(own, error) from error
    return size


def archive(services: Services, project: Project, run: str, target: Path) -> Path:
    """Write a run's logs into a new zip: event files, configuration, previews, split; no checkpoints. Its path.

    Raises :class:`UserError`: run-missing, file-exists, not-writable.
    """
    del services
    home = project.find_run(run)
    path = Path(os.path.abspath(target.expanduser()))  # noqa: PTH100 - links stay links
    if path.suffix.lower() != ".zip":
        path = path.with_name(f"{path.name}.zip")
    if path.exists():
        raise UserError(
            tr("{path} is there already.", path=path),
            tr("Choose another name; nothing is overwritten."),
            code="file-exists",
        )
    aside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as packed:
            for file, _ in sorted(_files(home)):
                if file.suffix != ".ckpt" and file != aside:
                    packed.write(file, f"{run}/{file.relative_to(home).as_posix()}")
        replace_file(aside, path)
    except OSError as error:
        raise _refused(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
    return path


def _spare(folder: Path, keep: int, switch: float | None, every: int) -> Iterator[tuple[Path, int]]:
    """Checkpoints of one version that may go, with their steps."""
    numbered = sorted(
        (step_of(path) or 0, path)
        for path in folder.glob("step_*.ckpt")
        if _NUMBERED.match(path.name) and path.is_file() and not path.is_symlink()
    )
    before = [step for step, _ in numbered if switch is not None and step <= switch]
    for step, path in numbered[:-keep]:
        last_of_phase_1 = bool(before) and step == before[-1]
        milestone = every > 0 and step > 0 and step % every == 0
        if not last_of_phase_1 and not milestone:
            yield path, step


def _milestones(project: Project, job: str | None) -> int:
    if job is None:
        return 0
    try:
        params = read_json(project.jobs / job / "spec.json").get("params")
    except (OSError, ProtocolError):
        return 0
    every = params.get("milestone_every") if isinstance(params, dict) else 0
    return every if isinstance(every, int) else 0


def _uses(job: JobView, run: Path) -> bool:
    """Whether a job that has not ended names the run or something in it."""
    return any(Path(text) == run or run in Path(text).parents for text in _texts(job.params))


def _texts(value: Any) -> Iterator[str]:
    """Every absolute path in a job's parameters."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str) and os.path.isabs(value):  # noqa: PTH117 - texts, by the thousand
        yield value


def _files(folder: Path) -> Iterator[tuple[Path, int]]:
    """Every file below a folder with its size; links are not followed."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            try:
                status = path.lstat()
            except OSError:  # replaced at this moment
                continue
            yield path, status.st_size


def _part(path: Path) -> str:
    if path.suffix == ".ckpt":
        return "checkpoints"
    if is_event_file(path):
        return "events"
    return "previews" if path.suffix.lower() in (".wav", ".flac") else "other"


def _own(project: Project, item: str) -> Path:
    """The folder of that id, which is one name below ours with a note in it: nothing else is ever touched."""
    own = project.trash / FOLDER / item
    if item in ("", ".", "..") or Path(item).name != item or own.is_symlink() or _note(own) is None:
        raise _gone()
    return own


def _note(own: Path) -> dict[str, Any] | None:
    try:
        note = read_json(own / NOTE)
    except (OSError, ProtocolError):
        return None
    good = isinstance(note.get("run"), str) and isinstance(note.get("path"), str)
    return note if good and isinstance(note.get("time"), (int, float)) else None


def _gone() -> UserError:
    return UserError(
        tr("These checkpoints are not in the trash any more."),
        tr("They were brought back or removed in another window."),
        code="trash-missing",
    )


def _refused(path: Path, error: OSError) -> UserError:
    return UserError(
        tr("{path} cannot be written: {reason}.", path=path, reason=error.strerror or str(error)),
        tr(
            "Check that there is free space, that the folder may be written, and that no program has the files open."
        ),
        str(error),
        code="not-writable",
    )
