"""The whole way in one call: sounds, dataset, training, reconstruction, export, verification.

Every stage is a job of its own. What was submitted and what came of it lies in ``<project>/quickstart.json``, so nobody
drives the way alone: the command line and any number of windows may run it at once (a short lock guards each submission),
any of them may be killed while the running job goes on, and whoever comes next continues where it was.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.configs import actions as configs
from rave_gui.datasets import actions as datasets
from rave_gui.errors import UserError
from rave_gui.jobs.watch import FINAL, Watch
from rave_gui.projects import Project
from rave_gui.projects.names import free_name, safe_name
from rave_protocol.codec import ProtocolError, decode, encode
from rave_protocol.events import Progress, Stamped
from rave_protocol.files import read_json, write_json
from rave_protocol.locks import OsLock
from rave_protocol.specs import DatasetParams, EvaluateParams, ExportParams, TrainParams, VerifyParams

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.jobs.service import JobView

    OnUpdate = Callable[[str, JobView | Stamped], None]

STATE = "quickstart.json"
LOCK = "quickstart.lock"
STAGES = ("sounds", "dataset", "training", "reconstruction", "export", "verify")
DEMO_FINGERPRINT = "demo-1"
_VERSION = 1


@dataclass
class StageRecord:
    """One stage of one way. ``result`` is set when it is done; ``job`` is None for the sounds, which need none."""

    target: str = ""
    """File or folder that the stage makes."""
    job: str | None = None
    seconds: float | None = None
    result: dict[str, Any] | None = None
    held: bool = False
    """The user left while it ran: a training that was stopped for that goes on when the way is continued."""


@dataclass
class Way:
    """One quick start as it lies on disk."""

    id: str
    created: float
    preset: str
    steps: int
    sources: list[str]
    """Absolute paths; empty for the demo sounds."""
    fingerprint: str
    """Digest of the sources' names, sizes and times: changed material makes a new way."""
    label: str
    """Name that the dataset, the run and the export share."""
    stages: dict[str, StageRecord] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether every stage is done."""
        return all(self.done(stage) for stage in STAGES)

    @property
    def stage(self) -> str | None:
        """The stage that is next or under way, or None when all are done."""
        return next((stage for stage in STAGES if not self.done(stage)), None)

    def done(self, stage: str) -> bool:
        """Whether ``stage`` has its result."""
        record = self.stages.get(stage)
        return record is not None and record.result is not None


@dataclass
class _File:
    project: str
    """Where the project was when this was written: paths follow when it is moved."""
    ways: list[Way] = field(default_factory=list)
    version: int = _VERSION


def attach(project: Project) -> Way | None:
    """The newest quick start of the project as it is on disk, or None. Its jobs are looked up by ``stages[…].job``."""
    ways = _load(project).ways
    return ways[-1] if ways else None


def run(  # noqa: PLR0917 - the order of the contract
    services: Services,
    sources: list[Path] | list[str],
    project: Project | Path,
    preset: str = "tiny",
    steps: int | None = None,
    on_update: OnUpdate | None = None,
    give_up: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Go the whole way and return its JSON object (see :func:`summary`).

    ``sources``: sound files and folders; none means demo sounds, made by code. A way over the same sources with the same
    preset and steps that was begun before is continued (finished stages are not repeated, a failed one is retried, a
    training from its last checkpoint); anything else begins a new way with names of its own. ``on_update(stage, update)``
    gets a ``JobView`` when a stage begins and ends and every event in between. ``give_up()`` turning true leaves the way
    (its running job goes on) and returns what is there so far.

    Raises :class:`UserError` (engine-missing, not-found, preset-unknown, not-writable …) and
    :class:`~rave_gui.errors.JobError` when a stage ends without its result.
    """
    services.engine.python()
    opened = project if isinstance(project, Project) else None
    paths = [Path(os.path.abspath(Path(source).expanduser())) for source in sources]  # noqa: PTH100
    fingerprint = _fingerprint(paths)
    fields = configs.preset(preset, steps)
    if opened is None:
        opened = Project.open(Path(str(project)), create=True)
    with _locked(opened):
        state = _load(opened)
        wanted = (preset, int(fields["max_steps"]), [str(path) for path in paths], fingerprint)
        way = next((w for w in state.ways if (w.preset, w.steps, w.sources, w.fingerprint) == wanted), None)
        if way is None:
            label = (
                safe_name(paths[0].stem if len(paths) == 1 else paths[0].parent.name, "sounds")
                if paths
                else "demo"
            )
            way = Way(uuid.uuid4().hex[:12], time.time(), *wanted, label)
        else:
            state.ways.remove(way)
        state.ways.append(way)
        _save(opened, state)
    return _Drive(services, opened, way.id, on_update, give_up).go()


def resume(
    services: Services,
    project: Project,
    on_update: OnUpdate | None = None,
    give_up: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Continue the newest way of the project whatever it was made from. Raises :class:`UserError` when there is none."""
    services.engine.python()
    way = attach(project)
    if way is None:
        raise UserError(
            f"No quick start was begun in {project.path}.",
            "Begin one with: rave-gui quickstart --project …",
            code="nothing-to-resume",
        )
    return _Drive(services, project, way.id, on_update, give_up).go()


def hold(services: Services, project: Project) -> str | None:
    """Id of the job under way in the newest way, which the caller is about to end so that the way can go on later.

    A training that is then stopped counts as interrupted, not as finished: continuing trains on to the full number of steps.
    None when nothing is under way.
    """
    with _locked(project):
        state = _load(project)
        way = state.ways[-1] if state.ways else None
        record = way.stages.get(way.stage or "") if way is not None else None
        if record is None or record.job is None:
            return None
        if services.jobs.get(record.job, project.path).state not in FINAL:
            record.held = True
            _save(project, state)
        return record.job


def summary(project: Project, way: Way) -> dict[str, Any]:
    """The JSON object of ``rave-gui quickstart --json``; parts whose stage is not done yet are missing."""
    found: dict[str, Any] = {"project": str(project.path), "preset": way.preset, "steps": way.steps}
    parts = {stage: record.result for stage, record in way.stages.items() if record.result is not None}
    if "dataset" in parts:
        found["dataset"] = _pick(
            parts["dataset"], "path", "chunks", "seconds_usable", "seconds_lost", "problems"
        )
    if "training" in parts:
        training = parts["training"]
        found["run"] = {"path": training.get("run"), **_pick(training, "step", "checkpoint", "stopped")}
    if "reconstruction" in parts:
        found["reconstruction"] = _pick(
            parts["reconstruction"],
            *("path", "original", "distance", "distance_untrained", "distance_silence", "distance_noise"),
        )
    if "export" in parts:
        export = {**parts.get("verify", {}), **parts["export"]}
        found["export"] = _pick(
            export,
            "path",
            "card",
            "methods",
            "sample_rate",
            "ratio",
            "latent_size",
            "streaming",
            "streaming_error_db",
        )
        found["export"]["verified"] = "verify" in parts
    found["seconds"] = {stage: way.stages[stage].seconds for stage in STAGES if stage in parts}
    found["seconds"]["total"] = round(sum(value or 0.0 for value in found["seconds"].values()), 3)
    found["jobs"] = {stage: record.job for stage, record in way.stages.items() if record.job is not None}
    return found


class _Drive:
    """One caller's walk along a way; several may walk the same one."""

    def __init__(
        self,
        services: Services,
        project: Project,
        way: str,
        on_update: OnUpdate | None,
        give_up: Callable[[], bool] | None,
    ) -> None:
        self._services = services
        self._project = project
        self._id = way
        self._on_update = on_update
        self._give_up = give_up

    def go(self) -> dict[str, Any]:
        for stage in STAGES:
            if self._give_up is not None and self._give_up():
                break
            if stage == "sounds":
                self._sounds()
            elif not self._stage(stage):
                break
        return summary(self._project, self._read(_load(self._project)))

    def _read(self, state: _File) -> Way:
        way = next((w for w in state.ways if w.id == self._id), None)
        if way is None:
            raise UserError(
                "The record of this quick start is gone.",
                "Begin again: what is finished in the project stays.",
                code="quickstart-lost",
            )
        return way

    def _tell(self, stage: str, update: JobView | Stamped) -> None:
        if self._on_update is not None:
            self._on_update(stage, update)

    def _sounds(self) -> None:
        """Demo sounds are made here and now (seconds); the user's own only need to be there."""
        with _locked(self._project, timeout=120.0):
            state = _load(self._project)
            way = self._read(state)
            record = way.stages.get("sounds")
            if (
                record is not None
                and record.result is not None
                and (way.sources or Path(record.target).is_dir())
            ):
                return
            started = time.monotonic()
            target = way.sources[0] if way.sources else str(self._make_demo())
            seconds = round(time.monotonic() - started, 3)
            way.stages["sounds"] = StageRecord(
                target, None, seconds, {"path": target, "demo": not way.sources}
            )
            _save(self._project, state)

    def _make_demo(self) -> Path:
        from rave_gui.audio import synth

        target = self._project.sounds / "demo"
        if target.is_dir() and any(target.iterdir()):
            return target
        aside = self._project.sounds / ".demo.building"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        self._tell("sounds", Stamped(time.time(), Progress(0, 0, message="Making demo sounds")))
        synth.write_demo(aside)
        aside.rename(target)
        return target

    def _stage(self, stage: str) -> bool:
        """Bring one stage to its end; False when the caller gave up meanwhile."""
        watch = self._begin(stage)
        if watch is None:
            return True
        self._tell(stage, watch.view)
        view = watch.wait(lambda stamped: self._tell(stage, stamped), self._give_up)
        if view.state not in FINAL:
            return False
        self._tell(stage, view)
        result = watch.result()
        with _locked(self._project):
            state = _load(self._project)
            record = self._read(state).stages[stage]
            if record.job == view.id:
                record.result = result
                record.seconds = round((view.ended or 0.0) - (view.started or view.created), 3)
                _save(self._project, state)
        return True

    def _begin(self, stage: str) -> Watch | None:
        """The stage's job to wait for: the one under way, a retry of one that ended badly, or a new one; None when done."""
        jobs = self._services.jobs
        with _locked(self._project):
            state = _load(self._project)
            way = self._read(state)
            record = way.stages.get(stage)
            if record is not None and record.result is not None:
                if Path(str(record.target)).exists():
                    return None
                record = None  # what it made was moved or deleted: made again, under a new name
            view = None
            if record is not None and record.job is not None and (self._project.jobs / record.job).is_dir():
                view = jobs.get(record.job, self._project.path)
                stopped = view.state == "succeeded" and bool((view.result or {}).get("stopped"))
                if view.state in ("failed", "cancelled", "interrupted") or (record.held and stopped):
                    view = jobs.retry(view.id, self._project.path)
                record.held = False
            if record is None or view is None:
                for later in STAGES[STAGES.index(stage) :]:
                    way.stages.pop(later, None)
                record, params, title = self._plan(stage, way)
                if isinstance(params, DatasetParams):
                    view = datasets.create(self._services, params, project=self._project.path)
                else:
                    view = jobs.submit(_KINDS[stage], params, project=self._project.path, title=title)
            record.job = view.id
            way.stages[stage] = record
            self._register(stage, way, record, view.id)
            _save(self._project, state)
        return Watch(jobs, view.id, self._project.path)

    def _plan(self, stage: str, way: Way) -> tuple[StageRecord, Any, str]:
        """What a new job of ``stage`` does, from the results of the stages before it."""
        project, label = self._project, way.label
        if stage == "dataset":
            target = project.datasets / project.free(project.datasets, "dataset", label)
            sources = way.sources or [str(way.stages["sounds"].target)]
            fields = configs.preset_dataset(way.preset)
            return (
                StageRecord(str(target)),
                DatasetParams(sources, str(target), **fields),
                f"Dataset {target.name}",
            )
        dataset = str(way.stages["dataset"].target)
        if stage == "training":
            run_folder = project.runs / project.free(project.runs, "run", f"{label}-{way.preset}")
            fields = configs.preset(way.preset, way.steps)
            params = TrainParams(dataset, str(run_folder), run_folder.name, **fields)
            return StageRecord(str(run_folder)), params, f"Train {run_folder.name}"
        run_folder = Path(way.stages["training"].target)
        checkpoint = str((way.stages["training"].result or {}).get("checkpoint") or run_folder)
        if stage == "reconstruction":
            target = project.takes / free_name(project.takes, f"{run_folder.name} reconstruction")
            return (
                StageRecord(str(target)),
                EvaluateParams(checkpoint, dataset, str(target)),
                f"Reconstruct with {run_folder.name}",
            )
        if stage == "export":
            target = project.exports / project.free(project.exports, "export", run_folder.name)
            return (
                StageRecord(str(target)),
                ExportParams(checkpoint, str(target), target.name),
                f"Export {target.name}",
            )
        model = str((way.stages["export"].result or {}).get("path", ""))
        return StageRecord(model), VerifyParams(model), f"Verify {Path(model).name}"

    def _register(self, stage: str, way: Way, record: StageRecord, job: str) -> None:
        path = Path(record.target)
        store = self._project.store
        if stage == "dataset":
            store.register("dataset", path.name, path, job=job)
        elif stage == "training":
            store.register("run", path.name, path, job=job, parent=Path(way.stages["dataset"].target).name)
        elif stage == "export":
            store.register(
                "export", path.name, path, job=job, parent=Path(way.stages["training"].target).name
            )


_KINDS = {
    "training": "train",
    "reconstruction": "evaluate",
    "export": "export",
    "verify": "verify",
}


def _pick(source: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: source[key] for key in keys if key in source}


def _fingerprint(paths: list[Path]) -> str:
    """Digest of what the sources hold by name, size and time. Raises :class:`UserError` not-found."""
    if not paths:
        return DEMO_FINGERPRINT
    digest = hashlib.sha256()
    for path in paths:
        if not path.exists():
            raise UserError(
                f"There is nothing at {path}.",
                "Check the path of the sounds and try again.",
                code="not-found",
            )
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            try:
                stat = file.stat()
            except OSError:  # vanished or unreadable: the dataset job reports it by name
                continue
            if not file.is_dir():
                digest.update(
                    f"{file}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode(errors="surrogateescape")
                )
    return digest.hexdigest()[:16]


@contextmanager
def _locked(project: Project, timeout: float = 30.0) -> Iterator[None]:
    lock = OsLock(project.path / LOCK)
    try:
        taken = lock.acquire(timeout)
    except OSError as error:
        raise UserError(
            f"The project {project.path} cannot be written.",
            "Give yourself the right to write in its folder, or choose another project.",
            str(error),
            code="not-writable",
        ) from error
    if not taken:
        raise UserError(
            f"Another program is busy with the quick start of {project.path}.",
            "Wait a moment and try again.",
            code="project-busy",
        )
    try:
        yield
    finally:
        lock.release()


def _load(project: Project) -> _File:
    """The project's ways; a missing file has none. A damaged one is set aside: jobs and folders are all still there."""
    path = project.path / STATE
    try:
        data = read_json(path)
        if data.get("version") != _VERSION:
            raise UserError(
                f"{path} was written by another version of RAVE GUI.",
                "Update RAVE GUI, or move the file away to begin a new quick start.",
                code="quickstart-newer",
            )
        old = data.get("project")
        if isinstance(old, str) and old != str(project.path):
            data = _moved(data, old, str(project.path))
        return decode(_File, data)
    except FileNotFoundError:
        return _File(str(project.path))
    except ProtocolError:
        path.replace(path.with_name(f"{path.stem}.damaged-{time.strftime('%Y%m%d-%H%M%S')}.json"))
        return _File(str(project.path))


def _save(project: Project, state: _File) -> None:
    write_json(project.path / STATE, encode(state))


def _moved(value: Any, old: str, new: str) -> Any:
    """Every path under ``old`` as a path under ``new``."""
    if isinstance(value, dict):
        return {key: _moved(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, old, new) for item in value]
    if isinstance(value, str) and (value == old or value.startswith((old + "/", old + "\\"))):
        return new + value[len(old) :]
    return value
