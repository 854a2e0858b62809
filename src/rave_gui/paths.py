"""Where the application keeps its own files. ``RAVE_GUI_HOME`` moves all of them (tests, portable installs)."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True)
class AppPaths:
    """Folders of one user; none is created before something is written to it."""

    data: Path
    """Engine environments, registry of jobs, locks, jobs without a project."""
    config: Path
    """Settings."""
    cache: Path
    """May be deleted at any time."""

    @property
    def engines(self) -> Path:
        """Engine environments, one folder per requirement set."""
        return self.data / "engine"

    @property
    def jobs(self) -> Path:
        """Folders of jobs that belong to no project."""
        return self.data / "jobs"

    @property
    def registry(self) -> Path:
        """SQLite registry of every queued or running job of this user."""
        return self.data / "registry.db"

    @property
    def locks(self) -> Path:
        """Dispatcher and device locks."""
        return self.data / "locks"

    @property
    def warm_worker(self) -> Path:
        """Endpoint file of the warm worker."""
        return self.data / "worker.json"


def default_paths() -> AppPaths:
    """The folders of the current user, or those under ``RAVE_GUI_HOME``."""
    home = os.environ.get("RAVE_GUI_HOME")
    if home:
        root = Path(home).absolute()
        return AppPaths(root / "data", root / "config", root / "cache")
    dirs = platformdirs.PlatformDirs("rave-gui", appauthor=False, roaming=False)
    return AppPaths(Path(dirs.user_data_dir), Path(dirs.user_config_dir), Path(dirs.user_cache_dir))


def package_root() -> Path:
    """Folder that holds ``rave_gui``, ``rave_engine`` and ``rave_protocol``: src, site-packages or the frozen bundle."""
    return Path(__file__).resolve().parent.parent


def is_frozen() -> bool:
    """Whether this is a PyInstaller build, which re-enters through a hidden subcommand instead of ``python -m``."""
    return bool(getattr(sys, "frozen", False))
