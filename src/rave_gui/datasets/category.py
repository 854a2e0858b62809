"""The one category of a dataset in its project: a word the user chose, such as drums or field recordings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.projects import Project

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.projects.store import Record

KEY = "category"
LONGEST = 60
"""Characters."""


def category_of(record: Record) -> str:
    """The category of a registered dataset; empty when it has none."""
    return str(record.info.get(KEY) or "")


def categories(project: Path) -> dict[str, str]:
    """Categories by name of every dataset of a project that has one."""
    found = {record.name: category_of(record) for record in Project.open(project).items("dataset")}
    return {name: category for name, category in found.items() if category}


def categorise(services: Services, project: Path, name: str, category: str) -> dict[str, Any]:
    """Put a dataset of the project into a category; an empty one takes it out. Returns its ``name`` and ``category``.

    A category that differs only in upper and lower case from one in use is that one. Raises :class:`UserError`: ``dataset-missing``,
    ``bad-name`` (too long, or not one line).
    """
    del services
    opened = Project.open(project)
    records = opened.items("dataset")
    if not any(record.name == name for record in records):
        raise UserError(
            tr("There is no dataset named {name} in this project.", name=name),
            tr("List the project's datasets to see their names."),
            code="dataset-missing",
        )
    wanted = " ".join(category.split())
    if len(wanted) > LONGEST or not wanted.isprintable():
        raise UserError(
            tr("A category is one line of at most {n} characters.", n=LONGEST),
            tr("Choose a shorter word; more can be said in a note."),
            code="bad-name",
        )
    known = {category_of(record).casefold(): category_of(record) for record in records if record.name != name}
    wanted = known.get(wanted.casefold(), wanted)
    opened.store.set_info("dataset", name, {KEY: wanted or None})
    return {"name": name, "category": wanted}
