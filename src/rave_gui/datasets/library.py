"""What a user does with datasets that are there: measure, browse, check, repair, copy, name, tag, delete."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.datasets import beside
from rave_gui.datasets.category import KEY, category_of
from rave_gui.datasets.target import refuse_existing
from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.projects import Project
from rave_gui.projects.names import check_name
from rave_protocol.specs import (
    DatasetCopyParams,
    DatasetExtractParams,
    DatasetLookParams,
    DatasetRestoreParams,
)

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.jobs import JobView
    from rave_gui.projects.model import TrashedItem

LONGEST_TAG = 60
"""Characters."""
MOST_TAGS = 30
FOLDER = "datasets"
"""Where a project keeps its datasets."""


def resolve(path: Path, project: Path | None) -> Path:
    """The folder that a path, or a name in the project (adopted ones, too), means. Raises :class:`UserError` (``not-found``)."""
    from rave_gui.datasets.read import is_dataset

    if project is not None and not path.is_absolute():
        if is_dataset(project / FOLDER / path):
            return project / FOLDER / path
        if len(path.parts) == 1 and (project / "project.db").is_file():
            record = Project.open(project).store.get("dataset", path.name)
            if record is not None and record.path.exists():
                return record.path
            if (project / FOLDER / path).is_dir():  # damaged: it can still be checked and repaired
                return project / FOLDER / path
    absolute = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - links are kept as the user named them
    if not absolute.exists():
        raise UserError(
            tr("There is no dataset {path}.", path=path),
            tr("List the project's datasets to see their names."),
            code="not-found",
        )
    return absolute


def _target(output: Path, project: Path | None) -> Path:
    """Where a new dataset goes: a mere name is one in the project. Raises :class:`UserError` where something lies already."""
    if project is not None and not output.is_absolute() and len(output.parts) == 1:
        opened = Project.open(project)
        return opened.new_path(opened.datasets, output.name, output.name, "dataset")
    target = Path(os.path.abspath(output.expanduser()))  # noqa: PTH100
    refuse_existing(target)
    return target


def _register(view: JobView, target: Path, project: Path | None) -> JobView:
    """Note a dataset that a job is making in the project."""
    if project is not None and target.parent == project / FOLDER:
        Project.open(project).store.register("dataset", target.name, target, job=view.id)
    return view


def _look(
    services: Services,
    kind: str,
    title: str,
    dataset: Path,
    project: Path | None,
    *,
    sample: int | None = None,
) -> JobView:
    path = resolve(dataset, project)
    running = next(
        (
            view
            for view in services.jobs.list(project)
            if not view.final and view.kind == kind and (view.params or {}).get("dataset") == str(path)
        ),
        None,
    )
    if running is not None:  # asked for twice: the one under way is as good
        return running
    params = DatasetLookParams(str(path)) if sample is None else DatasetLookParams(str(path), sample)
    return services.jobs.submit(kind, params, project=project, title=title.format(name=path.name))


def compute_stats(
    services: Services, dataset: Path, project: Path | None = None, *, sample: int | None = None
) -> JobView:
    """Measure a dataset in the background (kind ``dataset-stats``); ``stats.load`` and ``similarity.load`` have the result."""
    return _look(services, "dataset-stats", tr("Statistics of {name}"), dataset, project, sample=sample)


def build_index(services: Services, dataset: Path, project: Path | None = None) -> JobView:
    """Make the index by which the browser sorts (kind ``dataset-index``)."""
    return _look(services, "dataset-index", tr("Index of {name}"), dataset, project)


def validate(services: Services, dataset: Path, project: Path | None = None) -> JobView:
    """Check every record (kind ``dataset-check``); the result is that of ``check.Report.to_json``."""
    return _look(services, "dataset-check", tr("Validation of {name}"), dataset, project)


def _copy(
    services: Services, kind: str, title: str, dataset: Path, output: Path, *, project: Path | None
) -> JobView:
    path, target = resolve(dataset, project), _target(output, project)
    params = DatasetCopyParams(str(path), str(target))
    view = services.jobs.submit(kind, params, project=project, title=title.format(name=target.name))
    _register(view, target, project)
    if project is not None and target.parent == project / FOLDER:
        _sort_in(project, path, target.name)
    return view


def _sort_in(project: Path, original: Path, copy: str) -> None:
    """A copy stands where its original does: in the same category, with the same tags."""
    store = Project.open(project).store
    known = next((record for record in store.items("dataset") if record.path == original), None)
    if known is None:
        return
    if category := category_of(known):
        store.set_info("dataset", copy, {KEY: category})
    if tags := store.tags("dataset").get(known.name):
        store.tag("dataset", copy, tags)


def repair(services: Services, dataset: Path, output: Path, project: Path | None = None) -> JobView:
    """Write a repaired copy (kind ``dataset-repair``); the original is not touched."""
    return _copy(services, "dataset-repair", tr("Repaired copy {name}"), dataset, output, project=project)


def clean_copy(services: Services, dataset: Path, output: Path, project: Path | None = None) -> JobView:
    """Write a copy without the chunks marked bad (kind ``dataset-clean``)."""
    if not beside.marks(resolve(dataset, project), paths=services.paths):
        raise UserError(
            tr("No chunk of this dataset is marked bad."),
            tr("Mark the chunks to leave out first."),
            code="nothing-marked",
        )
    return _copy(services, "dataset-clean", tr("Cleaned copy {name}"), dataset, output, project=project)


def clone(services: Services, dataset: Path, output: Path, project: Path | None = None) -> JobView:
    """Copy a dataset (kind ``dataset-clone``), without using space where the disk can do that."""
    return _copy(services, "dataset-clone", tr("Clone {name}"), dataset, output, project=project)


def extract(
    services: Services,
    dataset: Path,
    folder: Path,
    indices: Sequence[int] | None = None,
    *,
    format: str = "wav",  # noqa: A002 - the word that the option has everywhere
    bits: int = 16,
    project: Path | None = None,
) -> JobView:
    """Write chunks (None: all) as sound files into ``folder`` (kind ``dataset-extract``); no file is overwritten."""
    path = resolve(dataset, project)
    if format not in ("wav", "flac") or bits not in (16, 24):
        raise UserError(
            tr("Chunks are written as wav or flac with 16 or 24 bits."),
            tr("Choose one of these."),
            code="bad-parameter",
        )
    target = Path(os.path.abspath(folder.expanduser()))  # noqa: PTH100
    chosen = None if indices is None else [int(index) for index in indices]
    params = DatasetExtractParams(str(path), str(target), chosen, "flac" if format == "flac" else "wav", bits)
    title = tr("Chunks of {name} as files", name=path.name)
    return services.jobs.submit("dataset-extract", params, project=project, title=title)


def export(services: Services, dataset: Path, output: Path, project: Path | None = None) -> JobView:
    """Write a dataset into one file (kind ``dataset-archive``); the ending ``.ravedataset`` is added where there is none."""
    from rave_gui.datasets.archive import SUFFIX

    path = resolve(dataset, project)
    target = Path(os.path.abspath(output.expanduser()))  # noqa: PTH100
    if not target.suffix:
        target = target.with_name(target.name + SUFFIX)
    if target.exists():
        raise UserError(
            tr("{path} exists already. Nothing in it was changed.", path=target),
            tr("Choose another name."),
            code="output-exists",
        )
    params = DatasetCopyParams(str(path), str(target))
    title = tr("Archive of {name}", name=path.name)
    return services.jobs.submit("dataset-archive", params, project=project, title=title)


def restore(
    services: Services, archive: Path, output: Path | None = None, project: Path | None = None
) -> JobView:
    """Unpack an archive (kind ``dataset-restore``) as ``output``, or in the project under the name it had.

    Raises :class:`UserError` at once for what is no such archive.
    """
    from rave_gui.datasets.archive import inspect

    file = Path(os.path.abspath(archive.expanduser()))  # noqa: PTH100
    manifest = inspect(file)
    if output is None:
        if project is None:
            raise UserError(
                tr("Say where the dataset goes."), tr("Name a folder, or a project."), code="bad-parameter"
            )
        opened = Project.open(project)
        name = str(manifest.get("name") or file.stem)
        target = opened.datasets / opened.free(opened.datasets, "dataset", check_name(name))
    else:
        target = _target(output, project)
    params = DatasetRestoreParams(str(file), str(target))
    title = tr("Dataset {name} from an archive", name=target.name)
    return _register(
        services.jobs.submit("dataset-restore", params, project=project, title=title), target, project
    )


def split_audit(services: Services, dataset: Path, project: Path | None = None) -> dict[str, Any]:
    """Whether RAVE's validation chunks share recordings or sound with its training chunks; see :mod:`split`."""
    from rave_gui.datasets.split import audit

    del services
    return audit(resolve(dataset, project)).to_json()


def used_by(services: Services, project: Path, name: str) -> list[str]:
    """Names of the runs that were trained on a dataset of the project."""
    from rave_gui.workspace import actions as workspace

    uses = workspace.used_by(services, Project.open(project), "dataset", name)
    return [use.name for use in uses if use.kind == "run"]


def elsewhere(project: Path, name: str) -> Path | None:
    """Where a dataset of the project really lies, when that is outside of the project (an adopted one); else None."""
    record = Project.open(project).store.get("dataset", name)
    if record is None:
        return None
    real = Path(os.path.realpath(record.path))
    return None if real.is_relative_to(os.path.realpath(project)) else real


def delete(services: Services, project: Path, name: str, *, force: bool = False) -> TrashedItem:
    """Move a dataset into the project's trash; ``workspace.actions.restore_item`` brings it back.

    Raises :class:`UserError`: ``in-use`` naming the runs that were trained on it (unless ``force``: the user was told), ``item-busy``
    while a job works with it, ``dataset-missing``.
    """
    from rave_gui.workspace import actions as workspace

    opened = Project.open(project)
    runs = used_by(services, project, name)
    if runs and not force:
        raise UserError(
            tr("“{name}” was used to train: {runs}.", name=name, runs=", ".join(runs)),
            tr(
                "These runs cannot be trained further or measured on it without it. Delete it anyway if that does not matter."
            ),
            code="in-use",
        )
    return workspace.trash_item(services, opened, "dataset", name)


def rename(services: Services, project: Path, name: str, new_name: str) -> dict[str, Any]:
    """Give a dataset of the project another name; the runs trained on it follow. Returns its ``name`` and ``path``.

    Raises :class:`UserError`: ``bad-name``, ``name-taken``, ``item-busy``, ``dataset-missing``, ``not-writable``.
    """
    from rave_gui.workspace import actions as workspace

    opened = Project.open(project)
    uses = workspace.used_by(services, opened, "dataset", name)
    jobs = [use.name for use in uses if use.kind == "job"]
    if jobs:
        raise UserError(
            tr("“{name}” is in use by a job: {jobs}.", name=name, jobs=", ".join(jobs)),
            tr("Wait until the job has ended, or cancel it first."),
            code="item-busy",
        )
    record = next(row for row in opened.items("dataset") if row.name == name)
    check_name(new_name, "dataset name")
    only_case = name.casefold() == new_name.casefold()
    if not only_case:
        opened.new_path(opened.datasets, new_name, new_name, "dataset")
    if not only_case and opened.store.get("dataset", new_name) is not None:
        raise UserError(
            tr("The project has a dataset named {name} already.", name=new_name),
            tr("Give it another name."),
            code="name-taken",
        )
    target = record.path
    if record.path.parent == opened.datasets:
        target = opened.datasets / new_name
        try:
            record.path.rename(target)
        except OSError as error:
            raise UserError(
                tr("The folder {path} cannot be renamed.", path=record.path),
                tr("Close programs that use it, and check that you may change the project's folder."),
                str(error),
                code="not-writable",
            ) from error
    opened.store.rename("dataset", name, new_name, target)
    return {"name": new_name, "path": str(target)}


def tag(services: Services, project: Path, name: str, tags: Iterable[str]) -> dict[str, Any]:
    """Replace the tags of a dataset of the project. Returns its ``name`` and ``tags``.

    Raises :class:`UserError`: ``dataset-missing``, ``bad-name`` (a tag that is no line of at most :data:`LONGEST_TAG` characters),
    ``too-many`` (more than :data:`MOST_TAGS`).
    """
    del services
    opened = Project.open(project)
    tags = {text.strip() for text in tags} - {""}
    if any(len(text) > LONGEST_TAG or not text.isprintable() for text in tags):
        raise UserError(
            tr("A tag is one line of at most {n} characters.", n=LONGEST_TAG),
            tr("Choose shorter words; more can be said in a note."),
            code="bad-name",
        )
    if len(tags) > MOST_TAGS:
        raise UserError(
            tr("A dataset has at most {n} tags.", n=MOST_TAGS),
            tr("Keep those by which you look for it."),
            code="too-many",
        )
    if not any(row.name == name for row in opened.items("dataset")):
        raise UserError(
            tr("There is no dataset named {name} in this project.", name=name),
            tr("List the project's datasets to see their names."),
            code="dataset-missing",
        )
    opened.store.tag("dataset", name, tags)
    return {"name": name, "tags": opened.store.tags("dataset").get(name, [])}
