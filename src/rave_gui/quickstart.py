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
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.configs import actions as configs
from rave_gui.datasets import actions as datasets
from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.jobs.watch import FINAL, Watch
from rave_gui.projects import Project
from rave_gui.projects.names import free_name, safe_name
from rave_gui.projects.runs import newest_checkpoint
from rave_gui.projects.ways import STAGES, StageRecord, Way, Ways, load, locked, save
from rave_protocol.events import Progress, Stamped
from rave_protocol.specs import DatasetParams, EvaluateParams, ExportParams, TrainParams, VerifyParams

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.jobs.service import JobView

    OnUpdate = Callable[[str, JobView | Stamped], None]

__all__ = ["STAGES", "StageRecord", "Way", "attach", "hold", "resume", "run", "summary"]

DEMO_FINGERPRINT = "demo-1"
"""Stands for the demo sounds; to be changed when they are."""


def attach(project: Project) -> Way | None:
    """The newest quick start of the project as it is on disk, or None. Its jobs are looked up by ``stages[…].job``."""
    ways = load(project).ways
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
    with locked(opened):
        state = load(opened)
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
        save(opened, state)
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
            tr("No quick start was begun in {path}.", path=project.path),
            tr("Begin one with: rave-gui quickstart --project …"),
            code="nothing-to-resume",
        )
    return _Drive(services, project, way.id, on_update, give_up).go()


def hold(services: Services, project: Project) -> str | None:
    """Id of the job under way in the newest way, which the caller is about to end so that the way can go on later.

    A training that is then stopped counts as interrupted, not as finished: continuing trains on to the full number of steps.
    None when nothing is under way.
    """
    with locked(project):
        state = load(project)
        way = state.ways[-1] if state.ways else None
        record = way.stages.get(way.stage or "") if way is not None else None
        if record is None or record.job is None:
            return None
        if services.jobs.get(record.job, project.path).state not in FINAL:
            record.held = True
            save(project, state)
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
        return summary(self._project, self._read(load(self._project)))

    def _read(self, state: Ways) -> Way:
        way = next((w for w in state.ways if w.id == self._id), None)
        if way is None:
            raise UserError(
                tr("The record of this quick start is gone."),
                tr("Begin again: what is finished in the project stays."),
                code="quickstart-lost",
            )
        return way

    def _tell(self, stage: str, update: JobView | Stamped) -> None:
        if self._on_update is not None:
            self._on_update(stage, update)

    def _sounds(self) -> None:
        """Demo sounds are made here and now (seconds); the user's own only need to be there."""
        with locked(self._project, timeout=120.0):
            state = load(self._project)
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
            save(self._project, state)

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
        with locked(self._project):
            state = load(self._project)
            record = self._read(state).stages[stage]
            # Stopped by somebody who left it for later, and later is now: it goes on.
            again = record.held and bool(result.get("stopped"))
            if not again and record.job == view.id and record.result is None:
                record.result = result
                record.seconds = round((record.seconds or 0.0) + _seconds(view), 3)
                save(self._project, state)
        return self._stage(stage) if again else True

    def _begin(self, stage: str) -> Watch | None:
        """The stage's job to wait for: the one under way, a retry of one that ended badly, or a new one; None when done."""
        jobs = self._services.jobs
        with locked(self._project):
            state = load(self._project)
            way = self._read(state)
            record = way.stages.get(stage)
            if record is not None and record.result is not None:
                if Path(record.target).exists():
                    return None
                record = None  # what it made was moved or deleted: made again, under a new name
            view = None if record is None else self._continued(record)
            if record is None or view is None:
                spent = record.seconds if record is not None else None
                for later in STAGES[STAGES.index(stage) :]:
                    way.stages.pop(later, None)
                record, params, title = self._plan(stage, way, record.target if record is not None else "")
                record.seconds = spent
                view = self._submit(stage, params, title)
            record.job = view.id
            way.stages[stage] = record
            self._register(stage, way, record, view.id)
            save(self._project, state)
        return Watch(jobs, view.id, self._project.path)

    def _continued(self, record: StageRecord) -> JobView | None:
        """The job to wait for in a stage that was begun before; None when it has to be planned anew.

        What was cut short goes on as it was asked for, a training from its last checkpoint. What *failed* before there was any
        checkpoint is planned anew: the reason may have been in the plan, and a newer version may know better.
        """
        if record.job is None or not (self._project.jobs / record.job).is_dir():
            return None
        jobs, view = self._services.jobs, self._services.jobs.get(record.job, self._project.path)
        stopped = view.state == "succeeded" and bool((view.result or {}).get("stopped"))
        if view.state not in FINAL or (view.state == "succeeded" and not (record.held and stopped)):
            return view
        record.seconds = (record.seconds or 0.0) + _seconds(view)
        if view.state == "failed" and newest_checkpoint(Path(record.target)) is None:
            return None
        record.held = False
        return jobs.retry(view.id, self._project.path)

    def _submit(self, stage: str, params: Any, title: str) -> JobView:
        if isinstance(params, DatasetParams):
            return datasets.create(self._services, params, project=self._project.path)
        return self._services.jobs.submit(_KINDS[stage], params, project=self._project.path, title=title)

    def _plan(self, stage: str, way: Way, before: str) -> tuple[StageRecord, Any, str]:
        """What a new job of ``stage`` does, from the results of the stages before it.

        ``before`` is the target of a failed try: it is taken again where that try made nothing.
        """
        project, label = self._project, way.label
        again = Path(before) if before and not Path(before).exists() else None
        if stage == "dataset":
            target = again or project.datasets / project.free(project.datasets, "dataset", label)
            sources = way.sources or [str(way.stages["sounds"].target)]
            fields = configs.preset_dataset(way.preset)
            return (
                StageRecord(str(target)),
                DatasetParams(sources, str(target), **fields),
                f"Dataset {target.name}",
            )
        dataset = str(way.stages["dataset"].target)
        if stage == "training":
            run_folder = again or project.runs / project.free(project.runs, "run", f"{label}-{way.preset}")
            fields = configs.preset(way.preset, way.steps)
            # Whoever waits for the whole way is asked when it breaks off; nothing goes on behind its back.
            params = TrainParams(dataset, str(run_folder), run_folder.name, tries=0, **fields)
            return StageRecord(str(run_folder)), params, f"Train {run_folder.name}"
        run_folder = Path(way.stages["training"].target)
        checkpoint = str((way.stages["training"].result or {}).get("checkpoint") or run_folder)
        if stage == "reconstruction":
            target = again or project.takes / free_name(project.takes, f"{run_folder.name} reconstruction")
            return (
                StageRecord(str(target)),
                EvaluateParams(checkpoint, dataset, str(target)),
                f"Reconstruct with {run_folder.name}",
            )
        if stage == "export":
            target = again or project.exports / project.free(project.exports, "export", run_folder.name)
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


def _seconds(view: JobView) -> float:
    """How long an ended job worked."""
    if view.started is None or view.ended is None:
        return 0.0
    return max(0.0, view.ended - view.started)


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
                tr("There is nothing at {path}.", path=path),
                tr("Check the path of the sounds and try again."),
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
