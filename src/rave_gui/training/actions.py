"""What a user can do with training: start, stop, resume, look."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.errors import UserError
from rave_gui.jobs.trust import trusted_configs
from rave_gui.projects import Project
from rave_gui.projects.runs import RunInfo, newest_checkpoint, read_run
from rave_protocol.codec import ProtocolError, decode
from rave_protocol.specs import TrainParams

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.jobs.service import JobView


def start(
    services: Services,
    project: Project,
    dataset: str,
    fields: dict[str, Any],
    *,
    name: str | None = None,
    base: str = "run",
) -> JobView:
    """Start a training as a job and return it at once.

    ``dataset`` is a name in the project or a path; ``fields`` are fields of ``TrainParams`` (``configs.actions.preset``
    gives them), ``name`` the new run's name (a free numbered ``base`` when None). Raises :class:`UserError`: dataset-missing,
    name-taken, bad-name, bad-settings, engine-missing.
    """
    services.engine.python()
    data = project.find_dataset(dataset)
    run = project.new_path(project.runs, name, base, "run")
    params = _params({**fields, "dataset": str(data), "run": str(run), "name": run.name})
    job = services.jobs.submit("train", params, project=project.path, title=f"Train {run.name}")
    project.store.register("run", run.name, run, job=job.id, parent=data.name)
    return job


def resume(
    services: Services, project: Project, run: str, *, steps: int | None = None, checkpoint: str | None = None
) -> JobView:
    """Go on with a run from its newest checkpoint (or the given one) until ``steps`` in all; its files are never touched.

    The settings are those of the job that trained it; a run from elsewhere takes its configuration from its ``config.gin``
    and needs ``steps``. Raises :class:`UserError`: run-missing, run-busy, checkpoint-missing, bad-steps, engine-missing.
    """
    services.engine.python()
    folder = project.find_run(run)
    _refuse_busy(services, project, folder)
    source = Path(os.path.abspath(checkpoint)) if checkpoint else newest_checkpoint(folder)  # noqa: PTH100
    if source is None or not source.is_file():
        raise UserError(
            f"The run {folder.name!r} has no checkpoint to continue from.",
            "Start it anew: a checkpoint is written when a training stops or reaches its end.",
            code="checkpoint-missing",
        )
    fields = _last_settings(services, project, folder)
    record = project.store.get("run", folder.name)
    trusted = trusted_configs(services.paths, project.jobs, folder, record)
    # A received run brings its job along, and that job's word for what may run code is nobody's.
    fields["trusted"] = [*fields.get("trusted", ()), *trusted] if trusted else []
    reached = read_run(folder).step
    target = steps if steps is not None else int(fields.get("max_steps", 0))
    if reached is not None and target <= reached:
        raise UserError(
            f"The run {folder.name!r} already has {reached} steps; {target} in all would add none.",
            f"Give a number of steps above {reached} with --steps.",
            code="bad-steps",
        )
    if "dataset" not in fields:
        raise UserError(
            f"It is not known which dataset the run {folder.name!r} was trained on.",
            "Only runs that were started here can be resumed with one command; start a new one from its checkpoint.",
            code="run-foreign",
        )
    # The run may have been renamed, and its project moved, since its settings were written down.
    where = {"run": str(folder), "name": folder.name}
    params = _params({**fields, **where, "max_steps": target, "resume": str(source)})
    job = services.jobs.submit("train", params, project=project.path, title=f"Train {folder.name} (resumed)")
    project.store.register("run", folder.name, folder, job=job.id, parent=record.parent if record else None)
    return job


def stop(services: Services, project: Project | None, job_id: str) -> JobView:
    """Ask a training to save a checkpoint and end. Returns the job as it is now; ``jobs.wait`` tells when it has ended."""
    where = project.path if project else None
    job = services.jobs.get(job_id, where)
    if job.kind != "train":
        raise UserError(
            f"The job {job.id} is no training (it is a {job.kind} job).",
            "Use “rave-gui jobs cancel” for other jobs.",
            code="wrong-kind",
        )
    services.jobs.stop(job.id, where)
    return services.jobs.get(job.id, where)


def list_runs(services: Services, project: Project) -> list[dict[str, Any]]:
    """Every run of the project as it is on disk: name, path, step, checkpoint, dataset, job and its state (see ``listing.RunRow``)."""
    from rave_gui.workspace import listing

    return [
        {
            "name": row.name,
            "path": str(row.path),
            "step": row.step,
            "checkpoint": str(row.checkpoint) if row.checkpoint else None,
            "checkpoints": [str(path) for path in row.checkpoints],
            "versions": row.versions,
            "dataset": row.dataset,
            "job": row.job,
            "state": row.state,
            "progress": row.progress,
        }
        for row in listing.runs(services, project)
    ]


def show(services: Services, project: Project, run: str) -> dict[str, Any]:
    """One run: name, path, step, newest checkpoint, all checkpoints, dataset, the job that made it and its state."""
    return _describe(services, project, _find(project, run))


def _find(project: Project, run: str) -> Path:
    """A run by name; one whose job has not written anything yet counts too."""
    record = project.store.get("run", run)
    if record is not None and record.job is not None and (project.jobs / record.job).exists():
        return record.path
    return project.find_run(run)


def _describe(services: Services, project: Project, folder: Path) -> dict[str, Any]:
    info: RunInfo = read_run(folder)
    record = project.store.get("run", folder.name)
    state, progress = None, None
    if record is not None and record.job is not None and (project.jobs / record.job).exists():
        job = services.jobs.get(record.job, project.path)
        state, progress = job.state, job.progress
    return {
        **info.to_json(),
        "dataset": record.parent if record else None,
        "job": record.job if record else None,
        "state": state,
        "progress": progress,
    }


def _last_settings(services: Services, project: Project, folder: Path) -> dict[str, Any]:
    """Parameters of the newest training job that wrote this run, or nothing for a run from elsewhere."""
    from rave_protocol import jobfolder
    from rave_protocol.files import read_json

    record = project.store.get("run", folder.name)
    if record is None or record.job is None:
        return {}
    try:
        spec = read_json(project.jobs / record.job / jobfolder.SPEC)
    except (OSError, ProtocolError):
        return {}
    params = spec.get("params")
    return dict(params) if isinstance(params, dict) else {}


def _refuse_busy(services: Services, project: Project, folder: Path) -> None:
    record = project.store.get("run", folder.name)
    if record is None or record.job is None or not (project.jobs / record.job).exists():
        return
    job = services.jobs.get(record.job, project.path)
    if job.state in ("queued", "starting", "running", "paused", "stopping"):
        raise UserError(
            f"The run {folder.name!r} is being trained right now (job {job.id}).",
            "Watch it with “rave-gui train watch”, or stop it first.",
            code="run-busy",
        )


def _params(fields: dict[str, Any]) -> TrainParams:
    try:
        return decode(TrainParams, fields)
    except ProtocolError as error:
        raise UserError(
            f"A setting of the training is not usable: {error}.",
            "Check the values that were given.",
            code="bad-settings",
        ) from error
