"""Which runs may run code: those that this user trained here with gin files that the user trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from rave_gui.jobs.registry import Registry
from rave_gui.paths import AppPaths
from rave_protocol import jobfolder
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json


class Made(Protocol):
    """What a project knows of a run: where it is and which job made it."""

    @property
    def path(self) -> Path:
        """The run folder, absolute."""

    @property
    def job(self) -> str | None:
        """Id of the newest job that wrote it."""


def trusted_configs(paths: AppPaths, jobs: Path, run: Path, made: Made | None) -> list[str]:
    """The config.gin files of ``run`` (absolute) that may run code; none unless the user trusted gin files for its training.

    ``jobs`` is the project's folder of jobs, ``made`` its record of the run. A received run is not trusted whatever the job says that
    came along with it: only jobs that this user submitted count, and these are in the user's own registry.
    """
    if made is None or made.job is None or made.path != run:
        return []
    row = Registry(paths.registry).get(made.job)
    # An archive of one's own that somebody changed brings along ids that are registered: the folder has to be the same, too.
    if row is None or row.folder != jobs / made.job:
        return []
    try:
        params = read_json(jobs / made.job / jobfolder.SPEC).get("params")
    except (OSError, ProtocolError):
        return []
    if not isinstance(params, dict) or not params.get("trusted"):
        return []
    found = [run / "config.gin", *sorted(run.glob("version_*/config.gin"))]
    return [str(path) for path in found if path.is_file()]
