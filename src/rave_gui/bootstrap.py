"""Build every object once and hand it on; there are no globals."""

from __future__ import annotations

from dataclasses import dataclass

from rave_gui.jobs.service import JobService
from rave_gui.paths import AppPaths, default_paths
from rave_gui.runtime.manager import EngineManager
from rave_gui.settings import Settings


@dataclass(frozen=True)
class Services:
    """What every action gets first."""

    paths: AppPaths
    settings: Settings
    engine: EngineManager
    jobs: JobService


def build(paths: AppPaths | None = None) -> Services:
    """The services of one user (by default the current one). Starts nothing and writes nothing."""
    paths = paths or default_paths()
    engine = EngineManager(paths)
    return Services(paths, Settings.load(paths.config / "settings.json"), engine, JobService(paths, engine))
