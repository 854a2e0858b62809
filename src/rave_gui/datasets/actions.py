"""What a user does with datasets, one function each; the window and the command line call these."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.datasets.category import categories, categorise
from rave_gui.datasets.library import (
    FOLDER,
    build_index,
    clean_copy,
    clone,
    compute_stats,
    delete,
    elsewhere,
    export,
    extract,
    rename,
    repair,
    resolve,
    restore,
    split_audit,
    tag,
    used_by,
    validate,
)
from rave_gui.datasets.swap import recover_all
from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.projects import Project
from rave_gui.projects.names import check_name
from rave_gui.projects.project import DATABASE
from rave_protocol.specs import DatasetAppendParams, DatasetParams

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.datasets.measure import Measurement
    from rave_gui.datasets.preflight import Preflight
    from rave_gui.datasets.scan import Cancel, Scan, ScanRow
    from rave_gui.jobs import JobView

__all__ = [
    "FOLDER",
    "adopt",
    "build_index",
    "categories",
    "categorise",
    "clean_copy",
    "clone",
    "compute_stats",
    "create",
    "delete",
    "elsewhere",
    "export",
    "extract",
    "facts",
    "list_datasets",
    "rename",
    "repair",
    "resolve",
    "restore",
    "show",
    "split_audit",
    "tag",
    "used_by",
    "validate",
]


def scan(
    services: Services,
    sources: Sequence[str],
    *,
    on_file: Callable[[ScanRow], None] | None = None,
    cancel: Cancel | None = None,
    extensions: Collection[str] = (),
    exclude: Collection[str] = (),
    keep: bool = True,
) -> Scan:
    """Read the header of every sound file below ``sources``, see :func:`rave_gui.datasets.scan.scan`."""
    from rave_gui.datasets import scan as scanning

    del services
    return scanning.scan(
        sources, on_file=on_file, cancel=cancel, extensions=extensions, exclude=exclude, keep=keep
    )


def measure(services: Services, path: str, *, cancel: Cancel | None = None) -> Measurement:
    """Listen to one recording: true length, peak, loudness, share of silence."""
    from rave_gui.datasets import measure as measuring

    del services
    return measuring.measure(path, cancel)


def preflight(
    services: Services,
    params: DatasetParams,
    *,
    scan: Scan | None = None,
    cancel: Cancel | None = None,
    on_progress: Callable[[float, float], None] | None = None,
    listen: bool = False,
) -> Preflight:
    """Forecast the dataset that ``params`` describe, see :func:`rave_gui.datasets.preflight.preflight`."""
    from rave_gui.datasets import preflight as forecasting
    from rave_gui.datasets.target import check_parameters

    del services
    params = _absolute(params)
    check_parameters(params)
    return forecasting.preflight(params, scanned=scan, cancel=cancel, on_progress=on_progress, listen=listen)


def create(services: Services, params: DatasetParams, *, project: Path | None = None) -> JobView:
    """Build a dataset in the background; the job's result is that of ``datasets.build.run``.

    Raises :class:`UserError` at once for what can be known now: a parameter out of range, no sources, a source that is not
    there, a target that is taken.
    """
    from rave_gui.datasets.target import check_target

    params = _absolute(params)
    _check_sources(params.sources)
    output = check_target(params)
    title = tr("Dataset {name}", name=output.name)
    return services.jobs.submit("dataset", params, project=project, title=title)


def append(
    services: Services,
    dataset: Path,
    sources: Sequence[str],
    *,
    project: Path | None = None,
    extensions: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> JobView:
    """Add recordings to a dataset in the background; what is in it already is passed over. Result: ``datasets.append.run``.

    Raises :class:`UserError` at once: ``not-ours``, ``in-use`` (a training reads it), ``not-found``, ``no-audio``.
    """
    from rave_gui.datasets import append as adding

    folder = resolve(dataset, project)
    adding.made_with(folder)
    found = [str(Path(source).expanduser().absolute()) for source in sources]
    _check_sources(found)
    readers = _trainings_on(services, folder, project)
    if readers:
        raise UserError(
            tr(
                "{dataset} is being read by a training: {runs}.", dataset=folder.name, runs=", ".join(readers)
            ),
            tr("Wait until it has ended, or stop it; afterwards it can go on with the larger dataset."),
            code="in-use",
        )
    params = DatasetAppendParams(
        str(folder), found, list(extensions), [str(Path(path).expanduser().absolute()) for path in exclude]
    )
    title = tr("Add to dataset {name}", name=folder.name)
    return services.jobs.submit("dataset-append", params, project=project, title=title)


def _trainings_on(services: Services, dataset: Path, project: Path | None) -> list[str]:
    """Titles of trainings that have not ended and read this dataset."""
    real = dataset.resolve()
    return [
        view.title
        for view in services.jobs.list(project)
        if view.kind == "train"
        and not view.final
        and Path(str(view.params.get("dataset", ""))).resolve() == real
    ]


def notes(services: Services, dataset: Path, project: Path | None = None) -> dict[str, dict[str, str]]:
    """Licence and consent notes of a dataset, by source; ``*`` is the whole dataset."""
    from rave_gui.datasets import notes as noting

    del services
    return noting.read(resolve(dataset, project))


def set_notes(
    services: Services,
    dataset: Path,
    source: str = "*",
    *,
    licence: str | None = None,
    consent: str | None = None,
    project: Path | None = None,
) -> dict[str, dict[str, str]]:
    """Set the notes of a source (a recording, a folder, or ``*``); None leaves one as it is. All notes as they are now."""
    from rave_gui.datasets import notes as noting

    del services
    if source != "*":  # recordings are known by their absolute paths
        source = str(Path(source).expanduser().absolute())
    return noting.write(resolve(dataset, project), source, licence, consent)


def _absolute(params: DatasetParams) -> DatasetParams:
    def absolute(path: str) -> str:
        return str(Path(path).expanduser().absolute())

    return dataclasses.replace(
        params,
        sources=[absolute(source) for source in params.sources],
        output=absolute(params.output) if params.output else "",
        exclude=[absolute(path) for path in params.exclude],
    )


def _check_sources(sources: Sequence[str]) -> None:
    from rave_gui.datasets.search import printable

    if not sources:
        raise UserError(
            tr("No recordings were chosen."), tr("Add at least one sound file or folder."), code="no-audio"
        )
    for source in sources:
        if not Path(source).exists():
            raise UserError(
                tr("{path} does not exist.", path=printable(source)), tr("Check the path."), code="not-found"
            )


def list_datasets(services: Services, project: Path) -> list[dict[str, Any]]:
    """The datasets of a project, by name. One that cannot be opened is listed with its ``error``."""
    del services
    folder = project / FOLDER
    found: list[dict[str, Any]] = []
    if not folder.is_dir():
        return found
    recover_all(folder)
    for path in sorted(folder.iterdir(), key=lambda entry: entry.name.casefold()):
        if not path.is_dir() or path.name.startswith("."):
            continue
        try:
            found.append(_describe(path))
        except UserError as error:
            found.append({"name": path.name, "path": str(path), "error": error.to_json()})
    return found


def facts(path: Path) -> dict[str, Any]:
    """What a table says of a dataset: chunks, seconds (of all chunks), lost (seconds in none; None where no sidecar tells), problems (recordings with one), channels,
    sample_rate (Hz), num_signal, lazy, bytes (on disk). Raises :class:`UserError` for one that cannot be opened.
    """
    from rave_gui.datasets.read import Dataset

    with Dataset(path) as dataset:
        info = dataset.info
        files = dataset.files() if info.sidecar else []
        lost = sum(row.lost for row in files) if info.sidecar else None
    return {
        "chunks": info.chunks,
        "seconds": info.seconds,
        "lost": lost,
        "problems": sum(bool(row.code) for row in files),
        "channels": info.channels,
        "sample_rate": info.sample_rate,
        "num_signal": info.num_signal,
        "lazy": info.lazy,
        "bytes": info.size,
    }


def show(services: Services, path: Path, project: Path | None = None) -> dict[str, Any]:
    """Facts of one dataset, with its recordings and their problems. ``path`` is a folder, or a name in the project."""
    from rave_gui.datasets.read import Dataset

    del services
    resolved = resolve(path, project)
    description = _describe(resolved)
    with Dataset(resolved) as dataset:
        files = dataset.files()
    rows = [{**dataclasses.asdict(row), "hash": row.hash.hex()} for row in files]
    description["files"] = rows
    description["problems"] = [
        {"path": row.path, "code": row.code, "reason": row.reason} for row in files if row.code
    ]
    description["seconds_lost"] = sum(row.lost for row in files)
    return description


def adopt(services: Services, path: Path, project: Path, name: str | None = None) -> dict[str, Any]:
    """Make a dataset that lies elsewhere (upstream's, too) one of the project's, by a link.

    The dataset itself is not changed. Raises :class:`UserError` when it is none, when the name cannot be one or is taken, and when the
    dataset is the project's already (``already-there``).
    """
    from rave_gui.datasets.read import Dataset

    del services
    source = path.expanduser().absolute()
    called = check_name(name or source.name, "dataset name")
    with Dataset(source) as dataset:
        chunks = dataset.chunks
    if not chunks:
        raise UserError(
            tr("The dataset at {source} is empty.", source=source),
            tr("Build it again."),
            code="not-a-dataset",
        )
    target = project / FOLDER / called
    if target.exists() or target.is_symlink():
        raise UserError(
            tr("The project has a dataset named {name} already.", name=target.name),
            tr("Give it another name."),
            code="output-exists",
        )
    if (known := _name_of(source, project)) is not None:
        raise UserError(
            tr("{source} belongs to the project already, as “{name}”.", source=source, name=known),
            tr("Rename it there if it should have another name, or clone it to have it twice."),
            code="already-there",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.symlink_to(source, target_is_directory=True)
    except OSError as error:
        raise UserError(
            tr("This system does not allow a link to {source}.", source=source),
            tr("Move or copy the dataset into {parent} yourself.", parent=target.parent),
            str(error),
            code="not-writable",
        ) from None
    return _describe(target)


def _name_of(source: Path, project: Path) -> str | None:
    """By which name a project has a dataset: in its folder, by a link, or registered where it lies."""
    real = source.resolve()
    folder = project / FOLDER
    places = {entry.name: entry for entry in folder.iterdir()} if folder.is_dir() else {}
    if (project / DATABASE).is_file():
        places |= {record.name: record.path for record in Project.open(project).items("dataset")}
    return next((name for name, place in places.items() if place.resolve() == real), None)


def _describe(path: Path) -> dict[str, Any]:
    from rave_gui.datasets.read import Dataset

    with Dataset(path) as dataset:
        info = dataclasses.asdict(dataset.info)
    info.pop("metadata")
    return {"name": path.name, **info}
