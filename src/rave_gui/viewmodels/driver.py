"""The window's hands: ``rave_gui.quickstart`` and the job service behind the :class:`~rave_gui.viewmodels.quickstart.Driver`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui import quickstart
from rave_gui.configs.presets import get_preset
from rave_gui.errors import UserError
from rave_gui.jobs.reader import EventReader
from rave_gui.projects import Project
from rave_gui.viewmodels.quickstart import Found, JobHandle, Request, Update
from rave_protocol import jobfolder
from rave_protocol.codec import ProtocolError
from rave_protocol.events import Stamped
from rave_protocol.files import read_json

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services

ACTIVE = ("queued", "starting", "running", "paused", "stopping")


class QuickstartDriver:
    """Calls the real thing; every method may be called in any thread."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def run(
        self, request: Request, emit: Callable[[Update], None], stopped: Callable[[], bool], again: bool
    ) -> dict[str, Any]:
        """See :meth:`Driver.run`. Raises :class:`UserError` and ``JobError`` as the quickstart does."""

        def tell(stage: str, update: Any) -> None:
            if isinstance(update, Stamped):
                emit(Update(stage, event=update))
            else:
                emit(Update(stage, job=update))

        if again:
            return quickstart.resume(self._services, Project.open(Path(request.project)), tell, stopped)
        return quickstart.run(
            self._services,
            list(request.sources),
            Path(request.project),
            request.preset,
            request.steps,
            tell,
            stopped,
        )

    def find(self, project: Path) -> Found | None:
        """See :meth:`Driver.find`. A folder that is no project holds nothing."""
        try:
            opened = Project.open(project)
        except UserError:
            return None
        way = quickstart.attach(opened)
        if way is None:
            return None
        request = Request(tuple(way.sources), str(opened.path), way.preset, way.steps)
        job = way.stages[way.stage].job if way.stage in way.stages else None
        active = False
        if job is not None and (opened.jobs / job).is_dir():
            active = self._services.jobs.get(job, opened.path).state in ACTIVE
        return Found(request, way.finished, active, quickstart.summary(opened, way))

    def history(self, project: Path, emit: Callable[[Update], None], ended_only: bool = False) -> None:
        """See :meth:`Driver.history`. A job that was a retry brings the story of the one before it."""
        opened = Project.open(project)
        way = quickstart.attach(opened)
        if way is None:
            return
        for stage in quickstart.STAGES:
            record = way.stages.get(stage)
            if record is None or record.job is None:
                continue
            for job in _line(opened.jobs, record.job):
                if not (opened.jobs / job).is_dir():
                    continue
                view = self._services.jobs.get(job, opened.path)
                if ended_only and view.state in ACTIVE:
                    continue
                emit(Update(stage, job=view))
                reader = EventReader(view.folder)
                while found := reader.read():
                    for stamped in found:
                        emit(Update(stage, event=stamped))
                emit(Update(stage, job=self._services.jobs.get(job, opened.path)))

    def send(self, job: JobHandle, command: str) -> None:
        """See :meth:`Driver.send`. Raises :class:`UserError` when nobody works on the job any more."""
        jobs = self._services.jobs
        send = {"pause": jobs.pause, "resume": jobs.resume, "stop": jobs.stop, "cancel": jobs.cancel}[command]
        send(job.id, job.project)


def _line(jobs: Path, job: str) -> list[str]:
    """The job and those it retried, oldest first."""
    found: list[str] = []
    current: str | None = job
    while current is not None and current not in found:
        found.append(current)
        try:
            before = read_json(jobs / current / jobfolder.SPEC).get("retry_of")
        except (OSError, ProtocolError):
            break
        current = before if isinstance(before, str) else None
    return found[::-1]


def phase_switch(preset: str, steps: int) -> float | None:
    """The step at which phase 2 begins with this preset and length; None where the configuration keeps its own."""
    for binding in get_preset(preset).train_fields(steps)["overrides"]:
        name, _, value = binding.partition("=")
        if name.strip() == "PHASE_1_DURATION":
            return float(value)
    return None
