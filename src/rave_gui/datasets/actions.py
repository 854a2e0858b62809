"""What a user does with datasets, one function each; the window and the command line call these."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.datasets.read import Dataset, is_dataset
from rave_gui.errors import UserError
from rave_protocol.specs import DatasetParams

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.jobs import JobView

FOLDER = "datasets"
"""Where a project keeps its datasets."""


def create(services: Services, params: DatasetParams, *, project: Path | None = None) -> JobView:
    """Build a dataset in the background; the job's result is that of ``datasets.build.run``.

    Raises :class:`UserError` at once for what can be known now: no sources, a source that is not there, a target that is taken.
    """
    from rave_gui.datasets.search import printable
    from rave_gui.datasets.target import check_target

    sources = [str(Path(source).expanduser().absolute()) for source in params.sources]
    output = Path(params.output).expanduser().absolute()
    params = dataclasses.replace(params, sources=sources, output=str(output))
    if not sources:
        raise UserError(
            "No recordings were chosen.", "Add at least one sound file or folder.", code="no-audio"
        )
    for source in sources:
        if not Path(source).exists():
            raise UserError(f"{printable(source)} does not exist.", "Check the path.", code="not-found")
    check_target(params)
    return services.jobs.submit("dataset", params, project=project, title=f"Dataset {output.name}")


def list_datasets(services: Services, project: Path) -> list[dict[str, Any]]:
    """The datasets of a project, by name. One that cannot be opened is listed with its ``error``."""
    del services
    folder = project / FOLDER
    found: list[dict[str, Any]] = []
    if not folder.is_dir():
        return found
    for path in sorted(folder.iterdir(), key=lambda entry: entry.name.casefold()):
        if not path.is_dir() or path.name.startswith("."):
            continue
        try:
            found.append(_describe(path))
        except UserError as error:
            found.append({"name": path.name, "path": str(path), "error": error.to_json()})
    return found


def show(services: Services, path: Path, project: Path | None = None) -> dict[str, Any]:
    """Facts of one dataset, with its recordings and their problems. ``path`` is a folder, or a name in the project."""
    del services
    resolved = resolve(path, project)
    description = _describe(resolved)
    with Dataset(resolved) as dataset:
        files = dataset.files()
    rows = [dataclasses.asdict(row) for row in files]
    description["files"] = rows
    description["problems"] = [
        {"path": row.path, "code": row.code, "reason": row.reason} for row in files if row.code
    ]
    description["seconds_lost"] = sum(row.lost for row in files)
    return description


def adopt(services: Services, path: Path, project: Path, name: str | None = None) -> dict[str, Any]:
    """Make a dataset that lies elsewhere (upstream's, too) one of the project's, by a link.

    The dataset itself is not changed. Raises :class:`UserError` when it is none or when the name is taken.
    """
    del services
    source = path.expanduser().absolute()
    with Dataset(source) as dataset:
        chunks = dataset.chunks
    if not chunks:
        raise UserError(f"The dataset at {source} is empty.", "Build it again.", code="not-a-dataset")
    target = project / FOLDER / (name or source.name)
    if target.exists() or target.is_symlink():
        raise UserError(
            f"The project has a dataset named {target.name} already.",
            "Give it another name.",
            code="output-exists",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.symlink_to(source, target_is_directory=True)
    except OSError as error:
        raise UserError(
            f"This system does not allow a link to {source}.",
            f"Move or copy the dataset into {target.parent} yourself.",
            str(error),
            code="not-writable",
        ) from None
    return _describe(target)


def resolve(path: Path, project: Path | None) -> Path:
    """The folder that a path, or a name in the project, means. Raises :class:`UserError` (``not-found``)."""
    if project is not None and not path.is_absolute() and is_dataset(project / FOLDER / path):
        return project / FOLDER / path
    absolute = path.expanduser().absolute()
    if not absolute.exists():
        raise UserError(
            f"There is no dataset {path}.",
            "List the project's datasets to see their names.",
            code="not-found",
        )
    return absolute


def _describe(path: Path) -> dict[str, Any]:
    with Dataset(path) as dataset:
        info = dataclasses.asdict(dataset.info)
    info.pop("metadata")
    return {"name": path.name, **info}
