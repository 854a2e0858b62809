"""A driver that tells a recorded way instead of going one: events of real jobs, recorded once.

The recording (``tests/helpers/recorded/way.json``) holds the events of every stage of a real quick start with tiny numbers.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rave_gui.errors import JobError
from rave_gui.viewmodels.quickstart import Found, JobHandle, Request, Update
from rave_protocol import events

RECORDED = Path(__file__).with_name("recorded") / "way.json"


@dataclass(frozen=True)
class Handle:
    """A job as the driver tells it."""

    id: str
    kind: str
    state: str
    folder: Path
    error: dict[str, str] | None = None
    reason: str = ""
    project: Path | None = None


class ReplayDriver:
    """Tells the stages up to (and with) ``until``, there at most ``events`` of them, then waits, fails or goes on."""

    def __init__(
        self,
        folder: Path,
        *,
        until: str = "verify",
        limit: int | None = None,
        fail: events.Failed | None = None,
        found: Found | None = None,
    ) -> None:
        self.folder, self.until, self.limit, self.fail, self.found = folder, until, limit, fail, found
        self.sent: list[tuple[str, str]] = []
        self.runs: list[tuple[Request, bool]] = []
        self.release = threading.Event()
        """Set: a driver that waits at ``until`` goes on to the end of that stage's job, which is cancelled."""
        self.recording: dict[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))

    def result(self, request: Request) -> dict[str, Any]:
        """The recorded JSON of the quick start with sounds of its own."""
        found: dict[str, Any] = json.loads(
            json.dumps(self.recording["result"]).replace("@", str(self.folder))
        )
        return {**found, "project": request.project}

    def run(
        self, request: Request, emit: Callable[[Update], None], stopped: Callable[[], bool], again: bool
    ) -> dict[str, Any]:
        """See ``Driver.run``."""
        self.runs.append((request, again))
        for stage, lines in self.recording["stages"].items():
            folder = self.folder / stage
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "log.txt").write_text(
                f"{stage} begins\nWarning: an example\n{stage} goes on\n", encoding="utf-8"
            )
            emit(Update(stage, job=Handle(f"job-{stage}", stage, "queued", folder)))
            last = stage == self.until
            for data in lines[: self.limit if last else None]:
                emit(Update(stage, event=self._event(data)))
            if last and self.fail is not None:
                fail = self.fail
                emit(Update(stage, event=events.Stamped(0.0, fail)))
                raise JobError(
                    fail.code, fail.message, fail.hint, fail.details, user=fail.user, job=f"job-{stage}"
                )
            if last and self.limit is not None:
                while not (stopped() or self.release.wait(0.02)):
                    pass
                emit(Update(stage, job=Handle(f"job-{stage}", stage, "cancelled", folder)))
                raise JobError("cancelled", "The job was cancelled.", job=f"job-{stage}")
            emit(Update(stage, job=Handle(f"job-{stage}", stage, "succeeded", folder)))
        return self.result(request)

    def find(self, project: Path) -> Found | None:
        """See ``Driver.find``."""
        return self.found

    def history(self, project: Path, emit: Callable[[Update], None], ended_only: bool = False) -> None:
        """See ``Driver.history``."""
        for stage, lines in self.recording["stages"].items():
            if ended_only and stage == self.until:
                return
            for data in lines:
                emit(Update(stage, event=self._event(data)))

    def _event(self, data: dict[str, Any]) -> events.Stamped:
        return events.from_json(json.loads(json.dumps(data).replace("@", str(self.folder))))

    def send(self, job: JobHandle, command: str) -> None:
        """See ``Driver.send``."""
        self.sent.append((job.id, command))
