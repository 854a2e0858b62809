"""What a user can do with the runs of a project as experiments: list, choose, mark, compare, report, make again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.projects import Project
from rave_gui.training.eventfolder import EventFolder
from rave_gui.training.experiments import compare, known, query, table
from rave_gui.training.experiments.compare import Comparison
from rave_gui.training.experiments.distances import smallest as smallest_distances
from rave_gui.training.experiments.table import STAR, Experiment, columns

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.training.experiments.script import ScriptKind

__all__ = [
    "archive",
    "columns",
    "comparison",
    "group",
    "last_seen",
    "list_runs",
    "note",
    "report",
    "save_script",
    "script",
    "smallest_distances",
    "star",
    "tag",
    "values_at",
]

_AT_STEP = re.compile(r"[^\s()<>=!~\"@,]+@\d+(?:\.\d+)?[kKmM]?")


def last_seen(
    project: Project, text: str = "", sort: str = "created", descending: bool = True
) -> list[Experiment]:
    """The table as it was seen last, at once; ``text`` is a filter (see :mod:`query`). Raises :class:`UserError` (``bad-query``)."""
    return table.arrange(table.last_seen(project), query.parse(text), sort, descending)


def list_runs(
    services: Services,
    project: Project,
    text: str = "",
    *,
    sort: str = "created",
    descending: bool = True,
    wanted: Sequence[str] = (),
    refresh: bool = True,
) -> list[Experiment]:
    """Runs that fit a filter, sorted by any field; reads what changed on the disk, so call it in a thread.

    ``wanted``, the filter and ``sort`` may name a curve's value at a step as ``TAG@STEP`` (``validation@50k``). Raises
    :class:`UserError`: bad-query, no-column.
    """
    test = query.parse(text)
    if refresh:
        table.refresh(project)
    rows = table.table(services, project)
    sort = known.check(rows, text, sort, wanted)
    names = {match for part in (text, sort, *wanted) for match in _AT_STEP.findall(part)}
    if names:
        rows = [_with_steps(row, names) for row in rows]
    return table.arrange(rows, test, sort, descending)


def _with_steps(row: Experiment, names: Iterable[str]) -> Experiment:
    folder = EventFolder(row.path)
    folder.poll()
    found = {}
    for name in names:
        tag, _, step = name.rpartition("@")
        found[name] = compare.value_at(folder.curve(tag), int(query.number(step) or 0))
    return Experiment(row.name, row.path, {**row.fields, **found})


def values_at(project: Project, names: Sequence[str], tag: str, step: int) -> list[float | None]:
    """A curve's value in each run at the last point up to ``step``; None where there is none. Reads event files."""
    return [table.at_step(project, name, tag, step) for name in names]


def group(rows: Sequence[Experiment], field: str) -> list[tuple[str, list[Experiment]]]:
    """Rows by the value of a field, in the order in which the values appear; those without one come last, under an empty text.

    A row with several values (configurations, tags) stands under all of them together: ``v2 + causal``.
    """
    found: dict[str, list[Experiment]] = {}
    for row in rows:
        value = query.lookup(row.fields, field)
        if isinstance(value, (list, tuple)):
            value = " + ".join(map(str, value))
        found.setdefault("" if value is None else str(value), []).append(row)
    rest = found.pop("", None)
    return [*found.items(), *([("", rest)] if rest else [])]


# --- keeping order


def star(project: Project, names: Sequence[str], on: bool = True) -> list[str]:
    """Mark runs, or take the mark away; the names that changed. Raises :class:`UserError` (``run-missing``), before anything is done."""
    return tag(project, names, add=[STAR] if on else [], remove=[] if on else [STAR])


def tag(
    project: Project, names: Sequence[str], add: Iterable[str] = (), remove: Iterable[str] = ()
) -> list[str]:
    """Give runs tags and take some away; the names that changed. Raises :class:`UserError` (``run-missing``), before anything is done."""
    _known(project, names)
    more = {text.strip() for text in add if text.strip()}
    less = {text.strip().casefold() for text in remove}
    before = project.store.tags("run")
    changed = []
    for name in names:
        old = set(before.get(name, []))
        new = {text for text in old if text.casefold() not in less} | more
        if new != old:
            project.store.tag("run", name, new)
            changed.append(name)
    return changed


def note(project: Project, name: str, text: str) -> list[str]:
    """Keep a note on a run; an empty one removes it. Raises :class:`UserError` (``run-missing``)."""
    _known(project, [name])
    record = project.store.get("run", name)
    if record is not None and str(record.info.get("note", "")) == text.strip():
        return []
    project.store.set_info("run", name, {"note": text.strip() or None})
    return [name]


def archive(project: Project, names: Sequence[str], on: bool = True) -> list[str]:
    """Leave runs out of the table unless it is asked for archived ones, or take them in again; nothing is moved or deleted.

    The names that changed. Raises :class:`UserError` (``run-missing``), before anything is done.
    """
    records = _known(project, names)
    changed = [name for name in names if bool(records[name].info.get("archived")) is not on]
    for name in changed:
        project.store.set_info("run", name, {"archived": True if on else None})
    return changed


def _known(project: Project, names: Sequence[str]) -> dict[str, Any]:
    records = {record.name: record for record in project.items("run")}
    for name in names:
        if name not in records:
            project.find_run(name)
            raise UserError(
                tr("There is no run named {name} in this project.", name=repr(name)),
                tr("“rave-gui experiments list” shows them."),
                code="run-missing",
            )
    return records


# --- looking closer


def comparison(
    services: Services,
    project: Project,
    names: Sequence[str],
    *,
    tags: Sequence[str] | None = None,
    align: Literal["step", "time"] = "step",
    points: int = 2000,
) -> Comparison:
    """Runs side by side: parameters, figures, curves over steps or seconds of work, speed, previews. Call it in a thread.

    ``tags`` None takes every curve. Raises :class:`UserError`: run-missing, no-tag.
    """
    table.refresh(project)
    chosen = compare.pick(project, table.table(services, project), list(dict.fromkeys(names)))
    found = compare.compare(chosen, tags, align, points)
    for wanted in tags or ():
        if wanted not in found.tags:
            raise UserError(
                tr("None of these runs has a curve named {tag}.", tag=repr(wanted)),
                tr("What was measured: {tags}.", tags=", ".join(found.tags)),
                code="no-tag",
            )
    return found


def report(
    services: Services, project: Project, names: Sequence[str], target: Path, *, audio: bool = True
) -> Path:
    """Write a report on runs as one HTML file that needs nothing else; its path. Call it in a thread.

    Raises :class:`UserError`: run-missing, file-exists, not-writable, bad-ending (a name that promises something else than HTML).
    """
    from rave_gui.training.experiments import report as reports

    if target.suffix.lower() not in ("", ".html", ".htm"):
        raise UserError(
            tr("A report cannot be written as {ending}.", ending=repr(target.suffix)),
            tr("Give a name that ends in .html, or in .pdf."),
            code="bad-ending",
        )
    return reports.write(reports.html(reports.gather(services, project, names, audio=audio)), target, ".html")


def script(services: Services, project: Project, run: str, *, kind: ScriptKind = "rave-gui") -> str:
    """A script that trains the same again. Raises :class:`UserError`: run-missing, run-foreign."""
    from rave_gui.training.experiments.script import write_script

    return write_script(services, project, run, kind)


def save_script(
    services: Services, project: Project, run: str, target: Path, *, kind: ScriptKind = "rave-gui"
) -> Path:
    """Write :func:`script` to a file that may be run; its path. Raises :class:`UserError` also: file-exists, not-writable."""
    from rave_gui.training.experiments import report as reports
    from rave_gui.training.experiments.script import SUFFIX

    return reports.write(script(services, project, run, kind=kind), target, SUFFIX[kind], program=True)
