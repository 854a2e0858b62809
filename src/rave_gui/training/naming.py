"""Give a run another name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.projects import Project
from rave_gui.projects.names import check_name

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services

ACTIVE = ("queued", "starting", "running", "paused", "stopping")


def rename(services: Services, project: Project, run: str, new: str) -> str:
    """Rename a run: its folder (unless it lies outside the project), its record, tags and what was made from it.

    Returns the new name. Raises :class:`UserError`: run-missing, run-busy, bad-name, name-taken, not-writable.
    """
    folder = project.find_run(run)
    name = check_name(new.strip(), "run")
    if name == run:
        return name
    record = project.store.get("run", run)
    if record is not None and record.job is not None and (project.jobs / record.job).is_dir():
        state = services.jobs.get(record.job, project.path).state
        if state in ACTIVE:
            raise UserError(
                tr("The run “{name}” is being trained right now.", name=run),
                tr("Stop it first, or wait until it has ended."),
                code="run-busy",
            )
    inside = folder.parent == project.runs
    target = folder.with_name(name) if inside else folder
    if project.store.get("run", name) is not None or (inside and target.exists()):
        raise UserError(
            tr("There is a run called “{name}” already.", name=name),
            tr("Choose another name."),
            code="name-taken",
        )
    if inside:
        try:
            folder.rename(target)
        except OSError as error:
            raise UserError(
                tr(
                    "The folder of “{name}” cannot be renamed: {reason}.",
                    name=run,
                    reason=error.strerror or str(error),
                ),
                tr("Close programs that use it, TensorBoard for example, and try again."),
                str(error),
                code="not-writable",
            ) from error
    project.store.rename("run", run, name, target)
    return name
