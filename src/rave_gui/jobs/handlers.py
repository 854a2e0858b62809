"""The working functions of the application's own kinds, by name: nothing is imported before its job runs."""

from __future__ import annotations

HANDLERS: dict[str, str] = {
    "dataset": "rave_gui.datasets.build_job:run",
    "dataset-append": "rave_gui.datasets.append:run",
    "engine-install": "rave_gui.runtime.install_job:run",
    "project-export": "rave_gui.projects.archive.exporting:run",
    "project-import": "rave_gui.projects.archive.importing:run",
    "dataset-stats": "rave_gui.datasets.library_jobs:stats",
    "dataset-index": "rave_gui.datasets.library_jobs:index",
    "dataset-check": "rave_gui.datasets.library_jobs:check",
    "dataset-repair": "rave_gui.datasets.library_jobs:repair",
    "dataset-clean": "rave_gui.datasets.library_jobs:clean",
    "dataset-clone": "rave_gui.datasets.library_jobs:clone",
    "dataset-archive": "rave_gui.datasets.library_jobs:archive",
    "dataset-extract": "rave_gui.datasets.library_jobs:extract",
    "dataset-restore": "rave_gui.datasets.library_jobs:restore",
}
"""Kind to ``module:function``; the function takes the kind's parameters and a ``WorkContext`` and returns the result."""
