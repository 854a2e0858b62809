"""What a user does with projects, one function each; the window and the command line call these."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.projects import trash as item_trash
from rave_gui.projects.model import (
    AdoptReport,
    ArchiveInfo,
    DeletionPlan,
    ProjectInfo,
    TrashedItem,
    TrashEntry,
    Use,
)
from rave_gui.projects.names import check_name, safe_name
from rave_gui.projects.preferences import PROJECT_SETTINGS, project_settings, set_project_setting
from rave_gui.projects.project import DATABASE, Project
from rave_gui.projects.recent import Recent
from rave_gui.projects.relocate import relocate
from rave_gui.projects.size import disk_usage, free_bytes
from rave_gui.projects.store import Kind, stored_schema
from rave_gui.workspace import removal
from rave_gui.workspace.using import job_uses, live_jobs, refuse_running

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.jobs.service import JobView

__all__ = [
    "PROJECT_SETTINGS",
    "adopt",
    "create",
    "delete",
    "deletion_plan",
    "empty_trash",
    "export_archive",
    "forget",
    "import_archive",
    "inspect_archive",
    "list_trash",
    "open_project",
    "project_settings",
    "purge_item",
    "recent",
    "rename",
    "restore",
    "restore_item",
    "set_project_setting",
    "show",
    "trash",
    "trash_item",
    "used_by",
]

# Projects ------------------------------------------------------------------------------------------------------------


def create(
    services: Services, path: Path | str, *, name: str | None = None, description: str = ""
) -> ProjectInfo:
    """Make a project in a new or an empty folder and note it as the one opened last.

    ``name`` is what it is called (the folder's name when None). Raises :class:`UserError`: project-exists, bad-name and what
    ``Project.open`` raises.
    """
    folder = _absolute(path)
    if (folder / DATABASE).exists():
        raise UserError(
            tr("There is already a project in {folder}.", folder=folder),
            tr("Open it, or choose another folder for a new one."),
            code="project-exists",
        )
    if not folder.exists():
        check_name(folder.name, tr("folder name"))
    title = _display_name(name) if name is not None else None
    project = Project.open(folder, create=True)
    if title is not None and title != folder.name:
        project.store.set_meta("name", title)
    if description:
        set_project_setting(folder, "description", description)
    project.store.set_meta("root", str(folder))
    return Recent(services.paths).note(_info(project))


def open_project(services: Services, path: Path | str) -> ProjectInfo:
    """Open a project and note it as the one opened last. One that was moved by hand gets its paths set right.

    Raises :class:`UserError` as ``Project.open`` does.
    """
    project = Project.open(path)
    try:
        root = project.store.meta("root")
        if root != str(project.path):
            if root is not None:
                _relocate(project, root)
            project.store.set_meta("root", str(project.path))
    except UserError as error:
        if error.code not in ("not-writable", "project-busy"):  # it can be looked at all the same
            raise
    info = _info(project)
    old = next(
        (known for known in recent(services) if info.id and known.id == info.id and known.missing), None
    )
    return Recent(services.paths).note(info, old.path if old else None)


def recent(services: Services) -> list[ProjectInfo]:
    """Projects that were opened on this computer, newest first; those that are not there now have ``missing`` set."""
    return Recent(services.paths).projects()


def forget(services: Services, path: Path | str) -> None:
    """Take a project off the list of recent ones; its folder is not touched."""
    Recent(services.paths).forget(_absolute(path))


def show(services: Services, path: Path | str) -> dict[str, Any]:
    """Everything worth knowing about a project: name, settings, counts, running jobs, bytes it takes and bytes that are free."""
    project = Project.open(path)
    info = _info(project)
    jobs = services.jobs.list(project.path)
    known = next((p for p in recent(services) if p.path == project.path), None)
    settings = project_settings(project.path)
    return {
        **info.to_json(),
        "author": settings["author"],
        "licence": settings["licence"],
        "opened": known.opened if known else None,
        "schema": stored_schema(project.path / DATABASE),
        "counts": {
            "datasets": len(project.items("dataset")),
            "runs": len(project.items("run")),
            "exports": len(project.items("export")),
            "takes": len(project.items("take")),
            "jobs": len(jobs),
        },
        "running": [{"id": job.id, "title": job.title, "state": job.state} for job in jobs if not job.final],
        "bytes": disk_usage(project.path)[0],
        "free": free_bytes(project.path),
        "settings": settings,
    }


def rename(services: Services, path: Path | str, new_name: str, *, move_folder: bool = False) -> ProjectInfo:
    """Give a project another name; with ``move_folder`` its folder gets that name as well, and every path follows.

    Raises :class:`UserError`: bad-name, name-taken, project-busy (jobs run in it), not-writable.
    """
    project = Project.open(path)
    title = _display_name(new_name)
    old = project.path
    if move_folder:
        target = old.with_name(safe_name(title, "project"))
        if target != old:
            _move(services, project, target)
            project = Project.open(target)
    project.store.set_meta("name", title)
    return Recent(services.paths).note(_info(project), old)


def _move(services: Services, project: Project, target: Path) -> None:
    refuse_running(services, project, tr("renamed"))
    same = target.exists() and os.path.samefile(target, project.path)  # noqa: PTH121 - only the case of letters changes
    if os.path.lexists(target) and not same:
        raise UserError(
            tr("There is already a folder named {name!r} beside the project.", name=target.name),
            tr("Choose another name, or rename the project without its folder."),
            str(target),
            code="name-taken",
        )
    old = project.path
    try:
        old.rename(target)
    except OSError as error:
        raise _refused(old, error) from error
    services.jobs.moved(old, target)
    there = Project.open(target)
    _relocate(there, str(old))
    there.store.set_meta("root", str(target))


def _relocate(project: Project, old: str) -> None:
    try:
        relocate(project.path, old)
    except OSError as error:
        raise _refused(project.path, error) from error


# Deleting a project --------------------------------------------------------------------------------------------------


def deletion_plan(services: Services, path: Path | str) -> DeletionPlan:
    """Exactly what goes when the project is deleted, what stays, and the jobs that stand in the way. Changes nothing."""
    return removal.plan(services, Project.open(path))


def delete(services: Services, path: Path | str, typed_name: str) -> TrashEntry:
    """Move a project into the trash beside it; ``typed_name`` has to be its name.

    Raises :class:`UserError`: wrong-name, project-busy, not-writable.
    """
    return removal.delete(services, Project.open(path), typed_name)


def trash(services: Services) -> list[TrashEntry]:
    """Deleted projects that can be brought back, newest first."""
    return removal.listed(services)


def restore(services: Services, entry: TrashEntry) -> ProjectInfo:
    """Put a deleted project back where it was (numbered when something is there by now) and open it."""
    return open_project(services, removal.restore(services, entry))


def empty_trash(services: Services, entry: TrashEntry, typed_name: str) -> int:
    """Remove a deleted project for good; ``typed_name`` has to be its name. Returns the bytes freed."""
    return removal.purge(entry, typed_name)


# Things in a project -------------------------------------------------------------------------------------------------


def used_by(services: Services, project: Project, kind: Kind, name: str) -> list[Use]:
    """Runs trained on a dataset, exports of a run, and jobs that work with the thing now."""
    record = item_trash.find(project, kind, name)
    jobs = [
        Use("job", view.title, view.id) for view in live_jobs(services, project) if job_uses(view, record)
    ]
    return [*item_trash.made_from(project, kind, name), *jobs]


def trash_item(services: Services, project: Project, kind: Kind, name: str) -> TrashedItem:
    """Move a dataset, run, export or take into the project's trash. What was made from it stays.

    Raises :class:`UserError`: item-busy (names the jobs that use it), dataset-missing …, not-writable.
    """
    jobs = [use.name for use in used_by(services, project, kind, name) if use.kind == "job"]
    if jobs:
        raise UserError(
            tr("“{name}” is in use by a job: {jobs}.", name=name, jobs=", ".join(jobs)),
            tr("Wait until the job has ended, or cancel it first."),
            code="item-busy",
        )
    return item_trash.put(project, kind, name)


def list_trash(project: Project) -> list[TrashedItem]:
    """What lies in the project's trash, newest first."""
    return item_trash.listed(project)


def restore_item(services: Services, project: Project, item: TrashedItem) -> str:
    """Bring a thing back; its name now (numbered when another has its name). Raises :class:`UserError` trash-missing."""
    del services
    return item_trash.bring_back(project, item)


def purge_item(project: Project, item: TrashedItem) -> int:
    """Remove a thing in the trash for good; the bytes freed."""
    return item_trash.purge(project, item)


def adopt(
    services: Services,
    project: Project,
    folder: Path | str,
    *,
    cancel: Callable[[], bool] | None = None,
    most: int | None = None,
) -> AdoptReport:
    """Register every RAVE dataset, run and export below ``folder``; nothing there is moved or written.

    Raises :class:`UserError`: not-a-folder, cancelled, too-many (more than ``most`` were found).
    """
    from rave_gui.projects.adoption import adopt as find_and_register

    del services
    return find_and_register(project, _absolute(folder), cancel, most=most)


# Archives ------------------------------------------------------------------------------------------------------------


def export_archive(
    services: Services,
    path: Path | str,
    output: Path | str,
    *,
    checkpoints: str = "all",
    takes: bool = True,
    jobs: bool = True,
    include_adopted: bool = False,
) -> JobView:
    """Write a project into one ``.ravegui`` file, as a job.

    ``checkpoints``: ``all`` or ``newest`` (with the best one). Raises :class:`UserError`: output-exists, project-busy, disk-full.
    """
    from rave_gui.workspace import transfer

    return transfer.start_export(
        services,
        Project.open(path),
        _absolute(output),
        checkpoints=checkpoints,
        takes=takes,
        jobs=jobs,
        include_adopted=include_adopted,
    )


def import_archive(
    services: Services,
    file: Path | str,
    output: Path | str,
    *,
    max_entries: int | None = None,
    max_bytes: int | None = None,
) -> JobView:
    """Unpack a project archive into a new folder, as a job. Its result: path, name, entries, bytes, notes.

    Raises :class:`UserError` for an archive that is not sound, before anything is written; output-exists, disk-full.
    """
    from rave_gui.workspace import transfer

    return transfer.start_import(
        services, _absolute(file), _absolute(output), max_entries=max_entries, max_bytes=max_bytes
    )


def inspect_archive(file: Path | str) -> ArchiveInfo:
    """What is in an archive. Raises every refusal that an import would raise; writes nothing."""
    from rave_gui.workspace import transfer

    return transfer.inspect(_absolute(file))


# Inside --------------------------------------------------------------------------------------------------------------


def _absolute(path: Path | str) -> Path:
    return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 - a link in a user's path stays a link


def _display_name(name: str) -> str:
    """A project's name is for people: anything of one line and reasonable length."""
    text = " ".join(name.split())
    if not text or len(text) > 100 or not text.isprintable():
        raise UserError(
            tr("{name!r} cannot be the name of a project.", name=name),
            tr("Choose a name of 1 to 100 letters, digits, blanks and signs."),
            code="bad-name",
        )
    return text


def _info(project: Project) -> ProjectInfo:
    try:
        kept = project.store.all_meta()
        description = str(project_settings(project.path)["description"])
    except UserError as error:
        if error.code != "not-writable":
            raise
        kept, description = {}, ""
    created = kept.get("created")
    return ProjectInfo(
        project.path,
        kept.get("name") or project.path.name,
        kept.get("id", ""),
        description,
        float(created) if created else None,
        time.time(),
    )


def _refused(path: Path, error: OSError) -> UserError:
    return UserError(
        tr(
            "The folder {path} could not be changed: {reason}.",
            path=path,
            reason=error.strerror or str(error),
        ),
        tr("Close programs that have files of it open, and check that you may write there."),
        str(error),
        code="not-writable",
    )
