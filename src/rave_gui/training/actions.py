"""What a user can do with training: start, stop, resume, look."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.configs import actions as configs
from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.jobs.folder import JobFolder
from rave_gui.jobs.trust import trusted_configs
from rave_gui.projects import Project
from rave_gui.projects.runs import RunInfo, read_run, step_of
from rave_gui.training import parameters, sources
from rave_protocol.aim import read_aim, write_aim
from rave_protocol.codec import ProtocolError, decode
from rave_protocol.commands import CommandName
from rave_protocol.events import Ack
from rave_protocol.specs import TrainParams, TrialParams
from rave_protocol.wholeness import look_inside, newest_whole

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
    start_at: float | None = None,
) -> JobView:
    """Start a training as a job and return it at once.

    ``dataset`` is a name in the project or a path; ``fields`` are fields of ``TrainParams`` (``configs.actions.preset``
    and ``parameters.to_fields`` give them), ``name`` the new run's name (a free numbered ``base`` when None), ``start_at`` a time
    (seconds since the epoch) before which it waits in the queue. The job keeps the user's configurations and clips as they are now;
    a run to begin with counts as its newest checkpoint now. Raises :class:`UserError`: dataset-missing, name-taken, bad-name,
    bad-settings, engine-missing, checkpoint-missing, config-missing, clip-missing.
    """
    services.engine.python()
    data = project.find_dataset(dataset)
    fields = _ready(services, project, fields)
    run = project.new_path(project.runs, name, base, "run")
    params = _params({**fields, "dataset": str(data), "run": str(run), "name": run.name})
    title = tr("Train {name}", name=run.name)
    job = services.jobs.submit("train", params, project=project.path, title=title, not_before=start_at)
    project.store.register("run", run.name, run, job=job.id, parent=data.name)
    return job


def _ready(services: Services, project: Project, fields: dict[str, Any]) -> dict[str, Any]:
    """Fields as the engine takes them: own configurations by their path, with the trust the user gave; paths absolute."""
    names = configs.resolve(services, fields.get("configs", ["v2"]), project.path)
    found = {**fields, "configs": names, "trusted": configs.may_run(services, names)}
    found["clips"] = [os.path.abspath(Path(p).expanduser()) for p in fields.get("clips", ())]  # noqa: PTH100
    for name in names:
        if Path(name).is_absolute() and not Path(name).is_file():
            raise UserError(
                tr("There is no configuration at {path}.", path=name),
                tr("“rave-gui config list” shows all."),
                code="config-missing",
            )
    for clip in found["clips"]:
        if not Path(clip).is_file():
            raise UserError(
                tr("There is no sound at {path} to follow.", path=clip),
                tr("Choose another one, or take it off the sounds to follow."),
                code="clip-missing",
            )
    if fields.get("init_from"):
        found["init_from"] = str(_to_begin_with(project, str(fields["init_from"])))
    return found


def _to_begin_with(project: Project, given: str) -> Path:
    """The checkpoint file meant by a path, or by a run's name or folder: its newest as it is now. Raises :class:`UserError`."""
    source = Path(given).expanduser()
    if not source.is_absolute():
        record = project.store.get("run", str(source))
        source = record.path if record else source.absolute()
    found = newest_whole(source).path if source.is_dir() else source
    if found is None or not found.is_file():
        raise UserError(
            tr("There is no run or checkpoint at {path} to begin with.", path=source),
            tr("Choose a checkpoint file, or a run of this project."),
            code="checkpoint-missing",
        )
    return found


def resume(
    services: Services,
    project: Project,
    run: str,
    *,
    steps: int | None = None,
    checkpoint: str | None = None,
    changes: dict[str, Any] | None = None,
) -> JobView:
    """Go on with a run from its newest whole checkpoint (or the given one: see :func:`~rave_gui.training.sources.choose`) until ``steps`` in all; its files are never touched.

    The settings are those of the job that trained it, but for ``changes`` (fields of ``TrainParams``; see :func:`plan_resume` for
    what they mean); a run from elsewhere takes its configuration from its ``config.gin`` and needs ``steps``. One that waits to go
    on by itself begins at once. Raises :class:`UserError`: run-missing, run-busy, checkpoint-missing, bad-steps, engine-missing.
    """
    services.engine.python()
    folder = _find(project, run)
    waiting = job_of(services, project, folder.name)
    if waiting is not None and waiting.state == "queued" and waiting.retry_of and not (checkpoint or changes):
        if steps is not None:
            _extend_queued(waiting, steps)
        return services.jobs.schedule(waiting.id, None, project.path)
    _refuse_busy(services, project, folder)
    source = sources.choose(folder, checkpoint).checkpoint
    _refuse_values(changes or {})
    fields = {**_last_settings(services, project, folder), **(changes or {})}
    record = project.store.get("run", folder.name)
    trusted = trusted_configs(services.paths, project.jobs, folder, record)
    # A received run brings its job along, and that job's word for what may run code is nobody's.
    fields["trusted"] = [*fields.get("trusted", ()), *trusted] if trusted else []
    reached = sources.step_in(source)
    target = steps if steps is not None else int(fields.get("max_steps", 0))
    if reached is not None and target <= reached:
        raise UserError(
            tr(
                "The run {name!r} already has {reached} steps; {target} in all would add none.",
                name=folder.name,
                reached=reached,
                target=target,
            ),
            tr("Give a number of steps above {reached} with --steps.", reached=reached),
            code="bad-steps",
        )
    if "dataset" not in fields:
        raise UserError(
            tr("It is not known which dataset the run {name!r} was trained on.", name=folder.name),
            tr(
                "Only runs that were started here can be resumed with one command; start a new one from its "
                "checkpoint."
            ),
            code="run-foreign",
        )
    # The run may have been renamed, and its project moved, since its settings were written down.
    where = {"run": str(folder), "name": folder.name}
    params = _params({**fields, **where, "max_steps": target, "resume": str(source)})
    job = services.jobs.submit("train", params, project=project.path, title=f"Train {folder.name} (resumed)")
    project.store.register("run", folder.name, folder, job=job.id, parent=record.parent if record else None)
    return job


def settings(services: Services, project: Project, run: str) -> dict[str, Any]:
    """Fields of ``TrainParams`` that trained a run, for another one like it: without dataset, folder, name and checkpoint.

    A run from elsewhere gives its ``config.gin`` as the only configuration. Raises :class:`UserError` (``run-missing``).
    """
    folder = _find(project, run)
    fields = _last_settings(services, project, folder)
    if not fields:
        return {"configs": [str(folder / "config.gin")]}
    return {
        key: value
        for key, value in fields.items()
        if key not in ("dataset", "run", "name", "resume", "trusted")
    }


INEXACT_FREE = frozenset(
    {"max_steps", "val_every", "save_every", "keep_last", "milestone_every", "log_every", "workers", "prefetch", "clips",
     "keep_free", "tries", "halve_batch", "probe_phase_2", "description", "resume", "run", "name", "trusted", "holdout"}
)  # fmt: skip
"""Fields that may change at a resume without a single number of the training changing."""


@dataclass(frozen=True)
class ResumePlan:
    """What going on from a checkpoint would mean."""

    checkpoint: Path
    step: int | None
    """None where neither its name nor the file tells."""
    lost: int
    """Steps that were trained after it and would be trained again."""
    changes: list[dict[str, Any]]
    """``{"key", "label", "before", "after"}`` of every setting that would differ."""
    exact: bool
    """The result would be that of a training that was never interrupted, to the last bit, on the same computer."""
    reasons: list[str]
    """Why it would not, in sentences."""
    notes: list[str] = field(default_factory=list)
    """What else should be known, in sentences: newer checkpoints that are damaged."""


def plan_resume(
    services: Services,
    project: Project,
    run: str,
    *,
    checkpoint: str | None = None,
    changes: dict[str, Any] | None = None,
) -> ResumePlan:
    """What :func:`resume` with the same arguments would do. Raises :class:`UserError`: run-missing, checkpoint-missing."""
    folder = _find(project, run)
    chosen = sources.choose(folder, checkpoint)
    source = chosen.checkpoint
    _refuse_values(changes or {})
    last_settings = _last_settings(services, project, folder)
    after = {**last_settings, **(changes or {})}
    # Another session may have trained this checkpoint with other settings than the last one.
    before = {**last_settings, **_settings_of(source)} if last_settings else {}
    found = parameters.diff(parameters.from_fields(before), parameters.from_fields(after))
    # The newest version is the way it went last; an older one may have come further on another.
    last = read_run(folder).checkpoint
    steps = [step_of(path) or 0 for path in last.parent.glob("*.ckpt")] if last is not None else []
    step, newest = sources.step_in(source), max(steps, default=0)
    reasons = []
    if not look_inside(source).ours:
        reasons.append(tr("The checkpoint does not hold everything: it was written by another program."))
    inexact = [change.label for change in found if change.key not in INEXACT_FREE]
    if inexact:
        reasons.append(tr("These settings change what is computed: {names}.", names=", ".join(inexact)))
    if not before:
        reasons.append(tr("It is not known with which settings the run was trained."))
    lost = max((newest or 0) - step, 0) if step is not None else 0
    notes = [tr("{name} is damaged and is passed over.", name=path.name) for path in chosen.passed_over]
    return ResumePlan(source, step, lost, [change.to_json() for change in found], not reasons, reasons, notes)


# --- a running training


def command(
    services: Services,
    project: Project,
    run: str,
    name: CommandName,
    *,
    timeout: float = 60.0,
    **args: Any,
) -> dict[str, Any]:
    """Ask something of a running training (a run's name or a job's id) and wait for its answer.

    pause, resume, save, phase2, preview, extend (``max_steps``). Returns ``{"job", "state", "done", "message"}``; ``done`` False with a
    message when the training refused. Raises :class:`UserError`: no-such-job, wrong-kind, job-ended, job-queued, no-answer.
    """
    job = _job_of(services, project, run)
    reader = services.jobs.reader(job)
    while reader.read():
        pass
    asked = services.jobs.send(job.id, name, project=project.path, **args)
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        for stamped in reader.read():
            if isinstance(stamped.event, Ack) and stamped.event.command == asked:
                view = services.jobs.get(job.id, project.path)
                return {
                    "job": job.id,
                    "state": view.state,
                    "done": stamped.event.ok,
                    "message": stamped.event.message,
                }
        if services.jobs.get(job.id, project.path).final:
            raise UserError(
                tr("The training ended before it could answer."),
                tr("“rave-gui train show” says how it stands."),
                code="job-ended",
            )
        time.sleep(0.05)
    raise UserError(
        tr("The training did not answer in time."),
        tr(
            "It answers between two steps, so a slow step may need more patience; what was asked will still be done."
        ),
        code="no-answer",
    )


def job_of(services: Services, project: Project, run: str) -> JobView | None:
    """The newest job that trains or trained a run, retries counted; None for one that no job here made."""
    record = project.store.get("run", run)
    if record is None or record.job is None or not (project.jobs / record.job).exists():
        return None
    return services.jobs.latest(record.job, project.path)


def _job_of(services: Services, project: Project, run: str) -> JobView:
    """The training meant by a run's name (its newest job) or a job's id."""
    job = job_of(services, project, run) or services.jobs.get(run, project.path)
    if job.kind != "train":
        raise UserError(
            tr("The job {id} is no training (it is a {kind} job).", id=job.id, kind=job.kind),
            code="wrong-kind",
        )
    return job


def extend(services: Services, project: Project, run: str, steps: int) -> JobView:
    """Let a run go on to ``steps`` in all, whether it waits in the queue, is being trained, or ended long ago.

    Returns the job that does it: the one at work or in the queue, or a new one. Raises :class:`UserError`: bad-steps, run-missing, run-foreign and what :func:`resume` raises.
    """
    job = job_of(services, project, run)
    if job is not None and job.state == "queued" and _extend_queued(job, steps):
        return services.jobs.get(job.id, project.path)
    if job is not None:
        job = services.jobs.get(job.id, project.path)
    if job is not None and job.state in ("running", "paused", "starting"):
        answer = command(services, project, run, "extend", max_steps=steps)
        if not answer["done"]:
            raise UserError(answer["message"], tr("Give a larger number of steps."), code="bad-steps")
        return services.jobs.get(job.id, project.path)
    return resume(services, project, run, steps=steps)


def schedule(services: Services, project: Project, run: str, moment: float | None) -> JobView:
    """Let a run that waits in the queue begin not before ``moment`` (seconds since the epoch); None: as soon as its turn comes.

    Raises :class:`UserError`: no-such-job, wrong-kind, job-not-queued.
    """
    return services.jobs.schedule(_job_of(services, project, run).id, moment, project.path)


def _extend_queued(job: JobView, steps: int) -> bool:
    """Note what a waiting training will aim at; False when it has just been taken. Raises :class:`UserError` (``bad-steps``)."""
    resumed = job.params.get("resume")
    reached = sources.step_in(Path(resumed)) if resumed else 0
    if steps <= (reached or 0):
        raise UserError(
            tr("The training begins at step {reached} already.", reached=reached),
            tr("Give a larger number of steps."),
            code="bad-steps",
        )
    folder = JobFolder(job.folder)
    with folder.sole() as alone:  # nobody can take it meanwhile
        if not alone or folder.read_state().state != "queued":
            return False
        write_aim(job.folder, steps)
    return True


# --- before a training


def trial(
    services: Services,
    fields: dict[str, Any],
    *,
    project: Project | None = None,
    dataset: str | None = None,
    steps: int = 4,
) -> JobView:
    """Time real steps of both phases on the device that would train; the job's result is that of the engine's trial.

    ``fields`` as for :func:`start`; without ``dataset`` the model hears noise. Raises :class:`UserError`: engine-missing,
    dataset-missing, bad-settings.
    """
    services.engine.python()
    data = str(project.find_dataset(dataset)) if project is not None and dataset else ""
    names = configs.resolve(services, fields.get("configs", ["v2"]), project.path if project else None)
    train = _params({**fields, "configs": names, "trusted": [], "dataset": data, "run": "", "name": "trial"})
    params = TrialParams(train, steps, configs.may_run(services, names))
    return services.jobs.submit(
        "trial",
        params,
        project=project.path if project else None,
        title=tr("Trial of {names}", names=" + ".join(fields.get("configs", ["v2"]))),
    )


def stop(services: Services, project: Project | None, job_id: str) -> JobView:
    """Ask a training to save a checkpoint and end. Returns the job as it is now; ``jobs.wait`` tells when it has ended."""
    where = project.path if project else None
    job = services.jobs.get(job_id, where)
    if job.kind != "train":
        raise UserError(
            tr("The job {id} is no training (it is a {kind} job).", id=job.id, kind=job.kind),
            tr("Use “rave-gui jobs cancel” for other jobs."),
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
            # Other programs name their checkpoints by epochs.
            "step": row.step
            if row.step is not None or row.checkpoint is None
            else sources.step_in(row.checkpoint),
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


def metrics(
    source: Path | str, tags: tuple[str, ...] = (), *, project: Project | None = None
) -> dict[str, Any]:
    """What was measured: of a run by name (in ``project``, its job's words included), of any folder with event files, or of a log file.

    Raises :class:`UserError`: run-missing, no-events, no-tag.
    """
    from rave_gui.training import metrics as measured

    path = Path(os.path.abspath(Path(source).expanduser()))  # noqa: PTH100 - links stay links
    if project is None:
        return measured.read_log(path) if path.is_file() else measured.read(path, tags)
    run = _find(project, str(source))
    record = project.store.get("run", str(source))
    job = project.jobs / record.job if record is not None and record.job else None
    return measured.read(run, tags, [job] if job is not None and job.is_dir() else [])


def read_speed(folder: Path) -> dict[str, Any]:
    """Read every scalar below a folder once: events, seconds. Raises :class:`UserError` (``no-events``)."""
    from rave_gui.training import metrics as measured

    return measured.benchmark(Path(os.path.abspath(folder.expanduser())))  # noqa: PTH100


def _find(project: Project, run: str) -> Path:
    """A run by name; one whose job has not written anything yet counts too."""
    record = project.store.get("run", run)
    if record is not None and record.job is not None and (project.jobs / record.job).exists():
        return record.path
    return project.find_run(run)


def _describe(services: Services, project: Project, folder: Path) -> dict[str, Any]:
    info: RunInfo = read_run(folder)
    record = project.store.get("run", folder.name)
    job = job_of(services, project, folder.name)
    step = info.step if info.step is not None or info.checkpoint is None else sources.step_in(info.checkpoint)
    return {
        **info.to_json(),
        "step": step,
        "dataset": record.parent if record else None,
        "job": job.id if job is not None else record.job if record else None,
        "state": job.state if job is not None else None,
        "progress": job.progress if job is not None else None,
        "not_before": job.not_before if job is not None and job.state == "queued" else None,
    }


def _last_settings(services: Services, project: Project, folder: Path) -> dict[str, Any]:
    """Parameters of the newest training job that wrote this run, or nothing for a run from elsewhere."""
    from rave_protocol import jobfolder
    from rave_protocol.files import read_json

    job = job_of(services, project, folder.name)
    if job is None:
        return {}
    try:
        spec = read_json(job.folder / jobfolder.SPEC)
    except (OSError, ProtocolError):
        return {}
    params = spec.get("params")
    if not isinstance(params, dict):
        return {}
    aim = read_aim(job.folder)
    return {**params, "max_steps": aim} if aim is not None else dict(params)


def _settings_of(checkpoint: Path) -> dict[str, Any]:
    """Settings of the session that wrote a checkpoint, without those that the checkpoint's own configuration fixes."""
    from rave_protocol.files import read_json
    from rave_protocol.specs import SETTINGS

    try:
        found = read_json(checkpoint.parent.parent / SETTINGS)
    except (OSError, ProtocolError):
        return {}
    fixed = {"configs", "overrides", "augmentations", "channels", "init_from", "clips", "dataset"}
    return {key: value for key, value in found.items() if key not in fixed}


def _refuse_busy(services: Services, project: Project, folder: Path) -> None:
    job = job_of(services, project, folder.name)
    if job is None:
        return
    if job.state == "queued":
        raise UserError(
            tr("The run {name} waits in the queue already (job {id}).", name=repr(folder.name), id=job.id),
            tr("It begins by itself; “rave-gui train extend” makes it longer."),
            code="run-busy",
        )
    if job.state in ("starting", "running", "paused", "stopping"):
        raise UserError(
            tr("The run {name!r} is being trained right now (job {id}).", name=folder.name, id=job.id),
            tr("Watch it with “rave-gui train watch”, or stop it first."),
            code="run-busy",
        )


def _refuse_values(changes: dict[str, Any]) -> None:
    """Refuse values that no training can take before a job is made of them. Raises :class:`UserError` (``bad-settings``)."""
    values = parameters.from_fields(changes)
    wrong = parameters.problems({key: values[key] for key in changes if key in values})
    if wrong:
        key, text = next(iter(wrong.items()))
        name = tr(parameters.parameter(key).label)
        raise UserError(text, tr("Change “{name}”.", name=name), code="bad-settings")


def _params(fields: dict[str, Any]) -> TrainParams:
    try:
        return decode(TrainParams, fields)
    except ProtocolError as error:
        raise UserError(
            tr("A setting of the training is not usable: {error}.", error=error),
            tr("Check the values that were given."),
            code="bad-settings",
        ) from error
