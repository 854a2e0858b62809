"""Facts of things that take long to read, kept in the project's store with the times of the files they were read from."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.errors import UserError
from rave_gui.projects.project import Project
from rave_gui.projects.runs import list_checkpoints, step_of
from rave_gui.projects.size import disk_usage
from rave_gui.projects.store import Kind, Record
from rave_protocol import jobfolder
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services

Read = Callable[[Path], dict[str, Any]]
"""Reads one thing; the result's ``watch`` names files and folders (relative) whose times say whether it is still true."""

_SETTLED_SECONDS = 2.5
"""A file changed so lately may change again without getting another time (FAT's clock goes in steps of 2 s)."""
_JOB = "job"
_FORMAT = "2"
"""Changes with what the readers below give, so that facts of an older version are read anew."""


def of(
    project: Project, kind: Kind, records: Iterable[Record], read: Read, live: set[str]
) -> dict[str, dict[str, Any]]:
    """Facts by name. Things in ``live`` are read anew each time: their jobs write to them."""
    kept = _kept(project, kind)
    found: dict[str, dict[str, Any]] = {}
    fresh: dict[str, tuple[str, dict[str, Any]]] = {}
    for record in records:
        old = kept.get(record.name)
        root = str(record.path)
        if old is not None and record.name not in live and old[0] == _stamp(root, old[1].get("watch", ())):
            found[record.name] = old[1]
            continue
        if not os.path.exists(root):  # noqa: PTH110 - a thousand of them
            found[record.name] = {"missing": True, "link": record.path.is_symlink()}
            continue
        facts = _read(record.path, read)
        found[record.name] = facts
        stamp = _stamp(root, facts["watch"])
        if record.name not in live and _settled(root, facts["watch"]):
            fresh[record.name] = (stamp, facts)
    _keep(project, kind, fresh)
    return found


def _read(path: Path, read: Read) -> dict[str, Any]:
    try:
        facts = read(path)
    except UserError as error:
        facts = {"error": error.message, "bytes": disk_usage(path)[0], "watch": [""]}
    except OSError as error:
        facts = {"error": str(error), "bytes": 0, "watch": [""]}
    return {**facts, "link": path.is_symlink()}


def _stamp(root: str, watch: Iterable[str]) -> str:
    parts = [_FORMAT, root]
    for name in watch:
        try:
            status = os.stat(f"{root}/{name}" if name else root)  # noqa: PTH116 - a thousand of them
        except OSError:
            parts.append("-")
            continue
        parts.append(f"{status.st_mtime_ns}.{status.st_size}")
    return "|".join(parts)


def _settled(root: str, watch: Iterable[str]) -> bool:
    limit = time.time() - _SETTLED_SECONDS
    for name in watch:
        try:
            if os.stat(os.path.join(root, name) if name else root).st_mtime > limit:  # noqa: PTH116, PTH118
                return False
        except OSError:
            continue
    return True


def _kept(project: Project, kind: str) -> dict[str, tuple[str, dict[str, Any]]]:
    try:
        return project.store.facts(kind)
    except UserError as error:
        if error.code != "not-writable":
            raise
        return {}  # a disk that may only be read: everything is read from the folders


def _keep(project: Project, kind: str, fresh: dict[str, tuple[str, dict[str, Any]]]) -> None:
    if not fresh:
        return
    try:
        project.store.set_facts(kind, fresh)
    except UserError as error:
        if error.code not in ("not-writable", "project-busy", "disk-full"):
            raise


def tags(project: Project, kind: Kind) -> dict[str, list[str]]:
    """Tags by name; none on a disk that may only be read and whose database does not open."""
    try:
        return project.store.tags(kind)
    except UserError as error:
        if error.code != "not-writable":
            raise
        return {}


def jobs(services: Services, project: Project, records: Iterable[Record]) -> dict[str, dict[str, Any]]:
    """Of each job that made one of ``records``: state, progress, error, whether it is live, and what of its settings lists show."""
    wanted = {record.job for record in records if record.job}
    if not wanted:
        return {}
    kept = _kept(project, _JOB)
    folder = str(project.jobs)
    found: dict[str, dict[str, Any]] = {}
    fresh: dict[str, tuple[str, dict[str, Any]]] = {}
    for job in wanted:
        stamp = _stamp(os.path.join(folder, job), (jobfolder.STATE,))  # noqa: PTH118
        old = kept.get(job)
        if old is not None and old[0] == stamp:
            found[job] = old[1]
            continue
        if not os.path.exists(os.path.join(folder, job, jobfolder.SPEC)):  # noqa: PTH110, PTH118
            continue
        try:
            view = services.jobs.get(job, project.path)
        except UserError:
            continue
        retried = bool(view.retried_by)
        if retried:
            view = services.jobs.latest(view.id, project.path)
        facts = {
            "id": view.id,
            "state": view.state,
            "progress": view.progress,
            "error": view.reason or str((view.error or {}).get("message", ""))
            if view.state != "succeeded"
            else "",
            "live": not view.final,
            "configs": [Path(str(name)).stem for name in view.params.get("configs") or []],
            "max_steps": view.params.get("max_steps"),
        }
        found[job] = facts
        if view.final and not view.host and not retried:
            fresh[job] = (_stamp(os.path.join(folder, job), (jobfolder.STATE,)), facts)  # noqa: PTH118
    _keep(project, _JOB, fresh)
    return found


# Readers -------------------------------------------------------------------------------------------------------------


def read_dataset(path: Path) -> dict[str, Any]:
    """Facts of a dataset; of one that cannot be opened, why."""
    from rave_gui.datasets.actions import facts

    watch = ["", "data.mdb", "metadata.yaml", "sources.sqlite"]
    try:
        return {**facts(path), "watch": watch}
    except UserError as error:
        return {"error": error.message, "bytes": disk_usage(path)[0], "watch": watch}


def read_run(path: Path) -> dict[str, Any]:
    """A run's checkpoints, by their names alone."""
    checkpoints = list_checkpoints(path)
    numbered = [(step, file) for file in checkpoints if (step := step_of(file)) is not None]
    newest = (
        max(numbered, key=lambda pair: pair[0])[1] if numbered else (checkpoints[-1] if checkpoints else None)
    )
    folders = ["", *(entry.name for entry in sorted(path.glob("version_*")) if entry.is_dir())]
    inner = [f"{name}/checkpoints" for name in folders if name]
    size, _ = disk_usage(path)
    times = [(path / name).stat().st_mtime for name in [*folders, *inner] if (path / name).exists()]
    return {
        "step": step_of(newest) if newest else None,
        "checkpoint": newest.relative_to(path).as_posix() if newest else None,
        "names": [file.relative_to(path).as_posix() for file in checkpoints],
        "versions": len(folders) - 1,
        "modified": max([*times, *(file.stat().st_mtime for file in checkpoints)]),
        "bytes": size,
        "watch": [*folders, *inner],
    }


def read_export(path: Path) -> dict[str, Any]:
    """The model file and what its card says."""
    models = sorted(path.glob("*.ts"))
    try:
        card = read_json(path / "card.json")
    except (OSError, ProtocolError):
        card = {}
    return {
        "file": models[0].name if models else None,
        "run": card.get("run"),
        "step": card.get("step"),
        # Only a file that passed its verification gets a card (rave_engine.export writes it last).
        "verified": True if card else None,
        "streaming": card.get("streaming"),
        "sample_rate": card.get("sample_rate"),
        "latent_size": card.get("latent_size"),
        "channels": card.get("channels"),
        "bytes": disk_usage(path)[0],
        "watch": ["", "card.json"],
    }


def read_take(path: Path) -> dict[str, Any]:
    """Size of a take."""
    size, files = disk_usage(path)
    return {"bytes": size, "files": files, "watch": [""]}
