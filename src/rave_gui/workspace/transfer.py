"""Starting the jobs that write and unpack project archives; everything that can be refused is refused here, at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.projects.archive.checking import Limits, check, inspect
from rave_gui.projects.archive.contents import collect
from rave_gui.projects.archive.exporting import check_space, refuse_output
from rave_gui.projects.archive.importing import check_paths, refuse_folder
from rave_gui.projects.archive.layout import SUFFIX
from rave_gui.projects.project import Project
from rave_protocol.codec import ProtocolError, decode
from rave_protocol.specs import ProjectExportParams, ProjectImportParams

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.jobs.service import JobView

__all__ = ["inspect", "start_export", "start_import"]

_WRITES = frozenset({"dataset", "dataset-append"})
"""Kinds whose half-made datasets must not travel."""


def start_export(
    services: Services,
    project: Project,
    output: Path,
    *,
    checkpoints: str,
    takes: bool,
    jobs: bool,
    include_adopted: bool,
) -> JobView:
    """See :func:`rave_gui.workspace.actions.export_archive`."""
    if output.suffix != SUFFIX:
        output = output.with_name(output.name + SUFFIX)
    if output.is_relative_to(project.path):
        raise UserError(
            tr("The archive cannot lie in the project itself."),
            tr("Choose a folder outside of {path}.", path=project.path),
            code="bad-output",
        )
    refuse_output(output)
    writing = [v.title for v in services.jobs.list(project.path) if not v.final and v.kind in _WRITES]
    if writing:
        raise UserError(
            tr("A dataset of the project is being written: {jobs}.", jobs=", ".join(writing)),
            tr("Wait until it is done, then export the project."),
            code="project-busy",
        )
    try:
        params = decode(
            ProjectExportParams,
            {
                "project": str(project.path),
                "output": str(output),
                "checkpoints": checkpoints,
                "takes": takes,
                "jobs": jobs,
                "include_adopted": include_adopted,
            },
        )
    except ProtocolError as error:
        raise UserError(
            str(error), tr("Choose “all” or “newest” checkpoints."), code="bad-settings"
        ) from error
    check_space(output.parent, collect(project, params).bytes)
    title = tr("Export the project {name}", name=project.name)
    return services.jobs.submit("project-export", params, project=project.path, title=title)


def start_import(
    services: Services, file: Path, output: Path, *, max_entries: int | None, max_bytes: int | None
) -> JobView:
    """See :func:`rave_gui.workspace.actions.import_archive`."""
    refuse_folder(output)
    default = Limits()
    limits = Limits(max_entries or default.entries, max_bytes or default.bytes)
    checked = check(file, limits)
    check_paths(output, checked.manifest.entries)
    check_space(output.parent, checked.bytes)
    params = ProjectImportParams(str(file), str(output), limits.entries, limits.bytes)
    title = tr("Import the project {name}", name=checked.manifest.project.name[:100])
    return services.jobs.submit("project-import", params, project=None, title=title)
