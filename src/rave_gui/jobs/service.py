"""Everything a front end does with jobs: submit, look, wait, command, retry, reorder, remove."""

from __future__ import annotations

import dataclasses
import math
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.jobs.dispatcher import EVERYWHERE, LIGHT, Starter
from rave_gui.jobs.folder import JobFolder, create
from rave_gui.jobs.launch import Engine
from rave_gui.jobs.reader import EventReader
from rave_gui.jobs.reconcile import end_stray, reconcile
from rave_gui.jobs.registry import Registry, Row
from rave_gui.jobs.retry import note_retry, retry_params
from rave_gui.jobs.state import LIVE, JobState
from rave_gui.jobs.view import JobView, make_view
from rave_gui.jobs.waiting import in_the_way
from rave_gui.jobs.watch import Watch
from rave_gui.paths import AppPaths
from rave_protocol import events, jobfolder
from rave_protocol.codec import ProtocolError
from rave_protocol.commands import Command, CommandName
from rave_protocol.files import append_line, replace_file
from rave_protocol.locks import machine_id
from rave_protocol.specs import KINDS, PAUSABLE_KINDS, JobSpec, Params, TrainParams, TrialParams, Trusting
from rave_protocol.work import os_failure

__all__ = ["JobService", "JobView"]

CHECK_SECONDS = 2.0
LONGEST_CHAIN = 1000
"""Retries that are followed from a job to its newest attempt."""


class JobService:
    """The jobs of one user. Holds no state that another process would miss; safe to make more than one."""

    def __init__(self, paths: AppPaths, engine: Engine | None = None) -> None:
        self.paths = paths
        self._engine = engine
        self._registry = Registry(paths.registry)
        self._starter = Starter(paths)
        self._last_id = 0
        self._checked: dict[Path, float] = {}
        """When a live job's row is worth another look: whoever waits asks ten times a second."""
        self._ended: dict[Path, tuple[int, JobView]] = {}
        """Views of ended jobs with the time of their state.json: long lists are read once."""
        self._settled: set[Path] = set()
        """Ended jobs that the dispatcher has seen, so that nothing of them waits any more."""

    # Making and finding ------------------------------------------------------------------------------------------

    def submit(
        self,
        kind: str,
        params: Params,
        *,
        project: Path | None,
        title: str,
        retry_of: str | None = None,
        not_before: float | None = None,
        takes_over: Row | None = None,
    ) -> JobView:
        """Put a job at the end of the queue and see to it that somebody works the queue.

        ``project`` is the project's folder, or None; ``not_before`` a time (seconds since the epoch) before which it only waits;
        ``takes_over`` the row of an earlier attempt that has just ended: the job gets its lane and place, and nobody else its slot
        until ``not_before``. Raises :class:`UserError` when the job cannot be written, and
        :class:`ValueError` when ``params`` are not those of ``kind``.
        """
        if not isinstance(params, KINDS[kind]):
            raise ValueError(f"a {kind} job takes {KINDS[kind].__name__}, not {type(params).__name__}")
        parent = self._parent(project)
        home = None if project is None else str(Path(project).absolute())
        spec = JobSpec(self._new_id(), kind, title, params, time.time(), home, retry_of)
        JobSpec.from_json(
            spec.to_json()
        )  # a value that the other side would refuse is a fault of ours: say so here
        state = JobState(host=socket.gethostname(), machine=machine_id(), not_before=not_before)
        lane, position = self._lane(params), None
        if takes_over is not None:
            lane, position, state.holds = takes_over.lane, takes_over.position, True
        # Registered first: a job that lies in a project and in no registry is never started by itself.
        self._registry.add(spec.id, parent / spec.id, lane, position)
        try:
            folder = create(parent, spec, state)
        except UserError:
            self._registry.forget(spec.id)
            raise
        self._starter.ensure()
        return make_view(folder, state)

    def list(self, project: Path | None = None) -> list[JobView]:
        """The jobs of a project, or (None) all that this user's registry knows; oldest first."""
        if project is not None:
            folders = _folders_in(self._parent(project))
        else:
            known = {row.folder for row in self._registry.all()}
            folders = [JobFolder(path) for path in known] + [
                f for f in _folders_in(self.paths.jobs) if f.path not in known
            ]
        views = [self._view(folder) for folder in folders if folder.exists()]
        ended = self._keep_going(views)
        views = [self._view(JobFolder(v.folder)) if v.folder in ended else v for v in views]
        return sorted(views, key=lambda view: view.id)

    def get(self, job_id: str, project: Path | None = None) -> JobView:
        """One job, by its id or the beginning of it. Raises :class:`UserError` when there is none, or several."""
        folder = self._find(job_id, project)
        view = self._view(folder)
        return self._view(folder) if self._keep_going([view]) else view

    def reader(self, view: JobView) -> EventReader:
        """Read the job's events from the first on, at one's own pace."""
        return EventReader(view.folder)

    def follow(self, job_id: str, project: Path | None = None) -> Iterator[events.Stamped]:
        """All events of a job as they come, until it has ended."""
        for found in Watch(self, job_id, project).looks():
            yield from found

    def wait(
        self,
        job_id: str,
        on_event: Callable[[events.Stamped], None] | None = None,
        timeout: float | None = None,
        project: Path | None = None,
    ) -> JobView:
        """Wait until a job has ended (or ``timeout`` seconds have passed) and return how it stands then."""
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        return Watch(self, job_id, project).wait(on_event, lambda: time.monotonic() >= deadline)

    # Commands ----------------------------------------------------------------------------------------------------

    def send(self, job_id: str, name: CommandName, *, project: Path | None = None, **args: Any) -> str:
        """Ask something of a running job; returns the command's id, which the job's ``Ack`` event carries.

        Raises :class:`UserError` when nobody is there to do it.
        """
        folder = self._find(job_id, project)
        view = self._view(folder)
        self._refuse_foreign(view)
        if view.final:
            raise UserError(
                tr(
                    "{title}: the job has ended ({state}), so it cannot {word}.",
                    title=view.title,
                    state=view.state,
                    word=_word(name),
                ),
                tr("Press Retry to do it again.") if view.state != "succeeded" else "",
                code="job-ended",
            )
        if view.state == "queued":
            raise UserError(
                tr(
                    "{title}: the job has not started yet, so it cannot {word}.",
                    title=view.title,
                    word=_word(name),
                ),
                tr("Wait until it runs, or cancel it."),
                code="job-queued",
            )
        command = Command(name, args=args)
        self._append(folder, command)
        return command.id

    def pause(self, job_id: str, project: Path | None = None) -> str:
        """Ask a job to wait; it does at the next safe moment, and says so with a ``Paused`` event.

        Raises :class:`UserError` (``cannot-pause``) for a kind whose work knows no pause.
        """
        view = self._view(self._find(job_id, project))
        if view.kind not in PAUSABLE_KINDS:
            raise UserError(
                tr("{title}: work of this kind cannot pause.", title=view.title),
                tr("Let it come to its end, or cancel it."),
                code="cannot-pause",
            )
        return self.send(job_id, "pause", project=project)

    def resume(self, job_id: str, project: Path | None = None) -> str:
        """Ask a paused job to go on."""
        return self.send(job_id, "resume", project=project)

    def save(self, job_id: str, project: Path | None = None) -> str:
        """Ask a training to write a checkpoint now."""
        return self.send(job_id, "save", project=project)

    def stop(self, job_id: str, project: Path | None = None) -> JobView:
        """End a job early and keep what it has done; a job still in the queue is cancelled."""
        return self._end(job_id, "stop", project)

    def cancel(self, job_id: str, project: Path | None = None) -> JobView:
        """End a job now and drop what is unfinished; one that does not answer is ended by force after some seconds."""
        return self._end(job_id, "cancel", project)

    def _end(self, job_id: str, name: CommandName, project: Path | None) -> JobView:
        folder = self._find(job_id, project)
        view = self._view(folder)
        self._refuse_foreign(view)
        if view.final:
            raise UserError(
                tr("{title}: the job has already ended ({state}).", title=view.title, state=view.state),
                code="job-ended",
            )
        if view.state == "queued" and self._cancel_queued(folder):
            return self._view(folder)
        self._append(folder, Command(name))
        self._keep_going([view])
        return self._view(folder)

    def _cancel_queued(self, folder: JobFolder) -> bool:
        """Cancel a job that no runner has taken; False when one just did."""
        try:
            with folder.sole(timeout=0.0) as alone:
                state = folder.read_state() if alone else None
                if state is None or state.state != "queued":
                    return False
                state.move("cancelled")
                state.ended = time.time()
                folder.write_state(state)
        except OSError as error:
            raise _as_user_error(error) from error
        self._registry.end(folder.id)
        return True

    def _append(self, folder: JobFolder, command: Command) -> None:
        try:
            append_line(folder.commands, command)
        except OSError as error:
            raise _as_user_error(error) from error

    # After the end, and the order before it ----------------------------------------------------------------------

    def retry(self, job_id: str, project: Path | None = None) -> JobView:
        """A new job that does the same again; a training goes on from the newest checkpoint of its run.

        What a job that was not submitted by this user calls trusted is not. Raises :class:`UserError` for a job that runs, that did all it was asked, or whose spec cannot be read.
        """
        folder = self._find(job_id, project)
        view = self._view(folder)
        if not view.final:
            raise UserError(
                tr(
                    "{title}: the job has not ended ({state}), so there is nothing to retry.",
                    title=view.title,
                    state=view.state,
                ),
                tr("Cancel it first, or wait."),
                code="job-live",
            )
        if view.state == "succeeded" and not (view.result or {}).get("stopped"):
            raise UserError(
                tr("{title}: the job is done, so there is nothing to retry.", title=view.title),
                tr("Start a new job to do it once more."),
                code="job-done",
            )
        try:
            spec = folder.read_spec()
        except (ProtocolError, OSError) as error:
            raise UserError(
                tr(
                    "{title}: what the job was asked to do cannot be read, so it cannot be tried again.",
                    title=view.title,
                ),
                tr("Start a new job instead."),
                str(error),
                "protocol",
            ) from error
        params = retry_params(spec.params, folder.path)
        row = self._registry.get(view.id)
        if isinstance(params, Trusting) and (row is None or row.folder != view.folder):
            params = dataclasses.replace(params, trusted=[])
        new = self.submit(spec.kind, params, project=view.project, title=spec.title, retry_of=spec.id)
        note_retry(folder, new.id)
        self._ended.pop(folder.path, None)
        return new

    def latest(self, job_id: str, project: Path | None = None) -> JobView:
        """The newest attempt at what a job was asked to do: the job itself, or the one that retried it, and so on."""
        view = self.get(job_id, project)
        for _ in range(LONGEST_CHAIN):
            if not view.retried_by:
                break
            try:
                view = self.get(view.retried_by, project)
            except UserError:  # removed meanwhile
                break
        return view

    def successor(self, job_id: str, project: Path | None = None, timeout: float = 10.0) -> JobView | None:
        """The job that goes on by itself with one that has ended, or None; waits until that has been decided."""
        deadline = time.monotonic() + timeout
        while True:
            view = self.get(job_id, project)
            if view.retried_by:
                return self.get(view.retried_by, project)
            if not self._may_go_on(view) or time.monotonic() > deadline:
                return None
            time.sleep(0.05)

    def reorder(self, job_id: str, before: str | None = None, project: Path | None = None) -> None:
        """Move a queued job in front of another one, or (None) to the end of the queue."""
        view = self.get(job_id, project)
        if view.state != "queued":
            raise UserError(
                tr(
                    "{title}: only jobs that wait in the queue can be moved; this one is {state}.",
                    title=view.title,
                    state=view.state,
                ),
                code="job-not-queued",
            )
        self._registry.place(view.id, self.get(before, project).id if before else None)

    def schedule(self, job_id: str, moment: float | None, project: Path | None = None) -> JobView:
        """Let a queued job begin not before ``moment`` (seconds since the epoch); None: as soon as its turn comes.

        Raises :class:`UserError` ``job-not-queued`` for one that does not wait any more.
        """
        folder = self._find(job_id, project)
        view = self._view(folder)
        self._refuse_foreign(view)
        with folder.sole() as alone:  # no runner can take it meanwhile
            state = folder.read_state() if alone else None
            if state is not None and state.state == "queued":
                # A time that a person set keeps nobody behind it waiting.
                state.not_before, state.holds = moment, False
                folder.write_state(state)
                self._starter.ensure()
                return make_view(folder, state)
        raise UserError(
            tr(
                "{title}: the job does not wait any more; it is {state}.",
                title=view.title,
                state=self._view(folder).state,
            ),
            code="job-not-queued",
        )

    def moved(self, old: Path, new: Path) -> None:
        """A project's folder was renamed from ``old`` to ``new`` (both absolute): its jobs stay this user's own."""
        self._registry.move(old, new)
        self._ended = {
            folder: known for folder, known in self._ended.items() if not folder.is_relative_to(old)
        }

    def queue(self) -> tuple[str, ...]:
        """Ids of the jobs that have not ended, in the order in which they are taken."""
        return tuple(row.id for row in self._registry.pending())

    def waits_behind(self, job_id: str) -> tuple[JobView, ...]:
        """The jobs at work, or paused, that keep a queued one from being started; empty when its turn is about to come."""
        own = self._registry.get(job_id)
        if own is None:
            return ()
        rows = [row for row in self._registry.pending() if JobFolder(row.folder).exists()]
        views = {row.id: self._view(JobFolder(row.folder)) for row in rows}
        live = [row for row in rows if views[row.id].state in LIVE]
        return tuple(views[row.id] for row in in_the_way(own, live))

    def remove(self, job_id: str, project: Path | None = None) -> Path:
        """Move an ended job's folder to the trash of its project (of the user, without one); returns where it is now."""
        folder = self._find(job_id, project)
        view = self._view(folder)
        self._refuse_foreign(view)
        if not view.final or folder.runner_alive() or folder.work_alive():
            raise UserError(
                tr("{title}: the job has not ended, so it cannot be removed.", title=view.title),
                tr("Cancel it first."),
                code="job-live",
            )
        trash = (view.project or self.paths.data) / "trash" / "jobs"
        target = trash / view.id
        try:
            trash.mkdir(parents=True, exist_ok=True)
            if target.exists():
                target = trash / f"{view.id}-{secrets.token_hex(2)}"
            replace_file(folder.path, target)
        except OSError as error:
            raise _as_user_error(error) from error
        self._registry.forget(view.id)
        self._ended.pop(folder.path, None)
        return target

    def put_back(self, trashed: Path, folder: Path) -> None:
        """Undo :meth:`remove`: the job's folder is where it was. Raises :class:`UserError` when something else is there now."""
        if folder.exists():
            raise UserError(
                tr("The job cannot be put back because {folder} is there again.", folder=folder),
                tr("Its files are in {trash}.", trash=trashed),
                code="name-taken",
            )
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            replace_file(trashed, folder)
        except OSError as error:
            raise _as_user_error(error) from error

    # Inside ------------------------------------------------------------------------------------------------------

    def _parent(self, project: Path | None) -> Path:
        return self.paths.jobs if project is None else Path(project).absolute() / "jobs"

    def _new_id(self) -> str:
        """``20250131-235959-123-a1b2``: UTC, to the millisecond, so ids sort by time; four letters against collisions."""
        self._last_id = max(self._last_id + 1, time.time_ns() // 1_000_000)
        seconds, millis = divmod(self._last_id, 1000)
        return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(seconds))}-{millis:03}-{secrets.token_hex(2)}"

    def _lane(self, params: Params) -> str:
        if isinstance(params, TrialParams):
            params = params.train  # it takes the device as the training will
        if not isinstance(params, TrainParams):
            return LIGHT
        device = params.device
        if device == "auto" and self._engine is not None:
            device = getattr(self._engine.status(), "device", None) or "auto"
        if device == "auto":
            return EVERYWHERE
        return "train:cuda:0" if device == "cuda" else f"train:{device}"

    def _find(self, job_id: str, project: Path | None) -> JobFolder:
        """Raises :class:`UserError` (``no-such-job``, ``ambiguous-job``)."""
        if job_id and not job_id.startswith(".") and not set(job_id) & {"/", "\\", os.sep, "*", "?"}:
            places = [self.paths.jobs] if project is None else [self._parent(project)]
            for place in places:
                if JobFolder(place / job_id).exists():
                    return JobFolder(place / job_id)
            found = {
                folder.id: folder
                for place in places
                for folder in _folders_in(place)
                if folder.id.startswith(job_id)
            }
            if project is None or not found:
                found |= {
                    r.id: JobFolder(r.folder)
                    for r in self._registry.find(job_id)
                    if JobFolder(r.folder).exists()
                }
            if job_id in found:
                return found[job_id]
            if len(found) == 1:
                return next(iter(found.values()))
            if found:
                raise UserError(
                    tr("Several jobs begin with {job_id!r}.", job_id=job_id),
                    "Give more of the id: " + ", ".join(sorted(found)[:5]) + ".",
                    code="ambiguous-job",
                )
        raise UserError(
            f"There is no job {job_id!r}" + (f" in {project}." if project else "."),
            "List the jobs with: rave-gui jobs list" + (" --project FOLDER" if project is None else "") + ".",
            code="no-such-job",
        )

    def _view(self, folder: JobFolder) -> JobView:
        known = self._ended.get(folder.path)
        if known is not None and known[0] and known[0] == _changed(folder):
            return known[1]
        stamp = _changed(folder)
        view = make_view(folder, reconcile(folder))
        if view.final and not view.host:
            self._ended[folder.path] = (stamp, view)
        return view

    def _keep_going(self, views: Sequence[JobView]) -> set[Path]:
        """Start a dispatcher where something waits for one; see to jobs that the registry does not know so.

        Folders of those that were ended, because they are not this user's to run.
        """
        waiting = [view for view in views if not view.final and not view.host]
        now = time.monotonic()
        ended = set()
        for view in waiting:
            if now < self._checked.get(view.folder, 0.0):
                continue
            self._checked[view.folder] = now + CHECK_SECONDS
            row = self._registry.get(view.id)
            if (row is None or row.ended or row.folder != view.folder) and self._adopt(view, row):
                ended.add(view.folder)
        if len(waiting) > len(ended) or any(self._may_go_on(view) for view in views):
            self._starter.ensure()
        return ended

    def _may_go_on(self, view: JobView) -> bool:
        """Whether an ended training is to be tried again by itself and no dispatcher has looked at it yet."""
        if view.state not in ("failed", "interrupted") or view.host or view.retried_by:
            return False
        if not view.params.get("tries") or view.rests or view.folder in self._settled:
            return False
        row = self._registry.get(view.id)
        if row is not None and not row.ended and row.folder == view.folder:
            return True
        self._settled.add(view.folder)
        return False

    def _adopt(self, view: JobView, row: Row | None) -> bool:
        """A live job whose row is missing or points elsewhere: the project was moved, copied, restored or received.

        Moved: the row follows. Otherwise nothing is started that this user did not submit here, so a job that waits is
        ended (True); in the user's own folder of jobs the registry was lost, and is made anew.
        """
        folder = JobFolder(view.folder)
        if row is not None and row.folder != view.folder and JobFolder(row.folder).exists():
            return end_stray(folder, f"This is a copy; the job itself is in {row.folder}.")
        if row is None and view.folder.parent != self.paths.jobs:
            return end_stray(folder, "It is in no queue of this computer. Press Retry to start it here.")
        try:
            params = folder.read_spec().params
        except (ProtocolError, OSError):
            self._registry.add(view.id, view.folder, LIGHT)  # its runner says what is wrong with it
            return False
        self._registry.add(view.id, view.folder, self._lane(params))
        return False

    def _refuse_foreign(self, view: JobView) -> None:
        if view.host:
            raise UserError(
                tr("{title}: the job belongs to the computer {host}.", title=view.title, host=view.host),
                tr("Use RAVE GUI there to change it."),
                code="job-elsewhere",
            )


def _changed(folder: JobFolder) -> int:
    """When the job's state was written last; 0 where there is none."""
    try:
        return (folder.path / jobfolder.STATE).stat().st_mtime_ns
    except OSError:
        return 0


def _folders_in(parent: Path) -> list[JobFolder]:
    try:
        with os.scandir(parent) as entries:
            names = sorted(e.name for e in entries if not e.name.startswith(".") and e.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [folder for name in names if (folder := JobFolder(parent / name)).exists()]


def _word(name: str) -> str:
    return {"phase2": "change to phase 2", "preview": "make a preview", "extend": "be made longer"}.get(
        name, name
    )


def _as_user_error(error: OSError) -> UserError:
    failed = os_failure(error)
    return UserError(failed.message, failed.hint, failed.details, failed.code)
