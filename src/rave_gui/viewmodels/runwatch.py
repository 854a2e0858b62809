"""Reads a run while it is watched: its jobs' events, its event files, its log, its folder. Works in a thread of the window."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rave_gui.jobs.reader import EventReader
from rave_gui.training.eventfolder import EventFolder
from rave_gui.viewmodels.logtail import LogTail
from rave_gui.viewmodels.run import Checkpoint, Facts, Files, History, Scalars, Sound, Transfer, Update
from rave_gui.viewmodels.schedule import Schedule, find_config, read_schedule
from rave_protocol import jobfolder
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.jobs.view import JobView
    from rave_gui.projects import Project

POLL = 0.06
"""Seconds between looks at a running job's events."""
FILES_EVERY = 2.0
JOBS_EVERY = 0.5
LONG = 8 << 20
"""Bytes of a job's events from which on only the last part is read …"""
TAIL = 1 << 20
"""… of so many."""
_STEP = re.compile(r"step[_=](\d+)")
_SOUND = re.compile(r"step_(\d+)_(original|reconstruction)\.wav$")
_CLIP = re.compile(r"step_(\d+)_clip_(\d+)\.wav$")


class Stopper(Protocol):
    """Says when nobody listens any more."""

    @property
    def requested(self) -> bool: ...
    def wait(self, seconds: float) -> bool: ...


def watch(
    services: Services, project: Project, run: tuple[str, Path], stop: Stopper, emit: Callable[[Update], None]
) -> None:
    """Tell everything about a run (name and folder) so far, then what comes, until ``stop``."""
    name, path = run
    values = _Values(path)
    current: JobView | None = None
    reader: EventReader | None = None
    tail: LogTail | None = None
    told: Facts | None = None
    files: Files | None = None
    looked = seen_files = 0.0
    first = True
    while not stop.requested:
        now = time.monotonic()
        if now - looked >= JOBS_EVERY or first:
            looked = now
            jobs = _jobs_of(services, project, (name, path), current)
            newest = jobs[-1] if jobs else None
            if first:
                values.poll(emit, stop)
            if newest is not None and (current is None or newest.id != current.id):
                reader = EventReader(newest.folder, _start(newest.folder))
                tail = LogTail(newest.folder / jobfolder.LOG)
            current = newest
            facts = _facts(path, current, len(jobs), told)
            if told is None or _said(facts) != _said(told):
                told = facts
                emit(facts)
        while reader is not None and (found := reader.read()):
            for stamped in found:
                emit(stamped)
        if tail is not None and (lines := tail.read()):
            emit(tuple(lines))
        if now - seen_files >= FILES_EVERY or first:
            seen_files = now
            if current is None and not first:  # trained elsewhere: its event files are all there is
                values.poll(emit, stop)
            looked_at = read_files(path)
            if looked_at != files:
                files = looked_at
                emit(looked_at)
        if first:
            first = False
            emit(History())
        stop.wait(POLL if current is not None and not current.final else 1.0)


def _said(facts: Facts) -> tuple[object, ...]:
    """What of the facts is worth telling again; progress comes by events."""
    job = facts.job
    state = (
        (job.id, job.state, job.reason, job.ended, str(job.error), job.not_before) if job is not None else ()
    )
    return (*state, facts.config, facts.jobs)


def _start(folder: Path) -> int:
    """Where to begin in a job's events: of a very long training the end is enough, its curves come from the event files."""
    try:
        size = (folder / jobfolder.EVENTS).stat().st_size
    except OSError:
        return 0
    return size - TAIL if size > LONG else 0


class _Values:
    """Scalars of the run's event files, told as they grow: RAVE's own record, whoever trained it."""

    def __init__(self, path: Path) -> None:
        self._folder = EventFolder(path)
        self._told: dict[str, tuple[int, float]] = {}

    def poll(self, emit: Callable[[Update], None], stop: Stopper) -> None:
        """Tell what is new, and what has become other, as a whole."""
        more, anew = {}, {}
        self._folder.poll(lambda: stop.requested)
        for tag in self._folder.tags:
            curve = self._folder.curve(tag)
            count, last = self._told.get(tag, (0, -1.0))
            size = len(curve.steps)
            if size == count:
                continue
            if size > count and (not count or curve.steps[count - 1] == last):
                more[tag] = (curve.steps[count:].copy(), curve.values[count:].copy())
            else:
                anew[tag] = (curve.steps.copy(), curve.values.copy())
            self._told[tag] = (size, float(curve.steps[-1]) if size else -1.0)
        if more:
            emit(Scalars(more))
        if anew:
            emit(Scalars(anew, anew=True))


def _jobs_of(
    services: Services, project: Project, run: tuple[str, Path], known: JobView | None
) -> list[JobView]:
    """Jobs that trained the run, oldest first. Once the newest is known only that one is looked at, and the record for another."""
    name, path = run
    record = project.store.get("run", name)
    newest = record.job if record is not None else None
    if newest is None or not (project.jobs / newest).is_dir():
        return []
    if known is not None and known.id == newest:
        return [services.jobs.get(newest, project.path)]
    return [
        view
        for view in services.jobs.list(project.path)
        if view.kind == "train" and Path(str(view.params.get("run", ""))).name == path.name
    ]


def _facts(path: Path, job: JobView | None, count: int, told: Facts | None) -> Facts:
    params: dict[str, Any] = dict(job.params) if job is not None else {}
    if (
        told is not None
        and told.config
        and job is not None
        and told.job is not None
        and job.id == told.job.id
    ):
        return Facts(job, params, told.schedule, told.config, told.jobs)
    config = find_config(path)
    text = ""
    if config is not None:
        try:
            text = config.read_text(encoding="utf-8", errors="replace")
        except OSError:
            text = ""
    schedule = (
        read_schedule(text, params.get("lr_generator"), params.get("lr_discriminator"))
        if text
        else Schedule()
    )
    return Facts(job, params, schedule, text, max(count, told.jobs if told else 0))


def read_files(run: Path) -> Files:
    """Sounds and checkpoints in a run's folder, by step."""
    sounds: dict[tuple[int, int], dict[str, Path]] = {}
    checkpoints: list[Checkpoint] = []
    size = 0
    try:
        versions = sorted(p for p in run.glob("version_*") if p.is_dir())
        for version in versions:
            for file in (version / "previews").glob("step_*.wav"):
                if match := _SOUND.search(file.name):
                    sounds.setdefault((int(match[1]), 0), {})[match[2]] = file
                elif match := _CLIP.search(file.name):
                    original = file.with_name(f"clip_{match[2]}_original.wav")
                    sounds[int(match[1]), int(match[2])] = {"original": original, "reconstruction": file}
        for file in run.rglob("*.ckpt"):
            if file.name.startswith("."):
                continue
            about = file.stat()
            size += about.st_size
            found = _STEP.search(file.name)
            checkpoints.append(
                Checkpoint(
                    int(found[1]) if found else None,
                    file,
                    file.name.startswith("best"),
                    about.st_size,
                    about.st_mtime,
                )
            )
    except OSError:
        pass  # the folder was moved while it was read: the next look tells
    checkpoints.sort(key=lambda c: (c.step is None, c.step or 0, c.modified))
    made = (
        Sound(step, files.get("original"), files.get("reconstruction"), clip)
        for (step, clip), files in sorted(sounds.items())
    )
    return Files(tuple(made), tuple(checkpoints), size, read_transfer(run))


def read_transfer(run: Path) -> Transfer | None:
    """What the run took over from another model's weights, None when it began with nothing (or the report cannot be read)."""
    try:
        data = read_json(run / "transfer.json")
    except (OSError, ProtocolError):
        return None
    parts = data.get("parts")
    if not isinstance(parts, dict):
        return None
    layers = [(str(name), "") for name in data.get("new", ())]
    for item in data.get("shapes", ()):
        here, there = (" × ".join(str(n) for n in item.get(key, ())) for key in ("here", "there"))
        layers.append((str(item.get("name", "")), f"{there} → {here}"))
    shares = tuple(
        (str(name), float(count.get("numbers_taken", 0)) / max(1, int(count.get("numbers", 1))))
        for name, count in parts.items()
    )
    return Transfer(str(data.get("checkpoint", "")), shares, tuple(layers))
