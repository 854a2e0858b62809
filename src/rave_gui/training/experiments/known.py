"""Names that filters, sorting and columns may use: a slip of the pen is said, with what was probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.training import tags
from rave_gui.training.experiments import query
from rave_gui.training.experiments.table import Experiment, columns
from rave_gui.training.parameters import PARAMETERS

FIGURES = ("last", "best", "best_step")
MARKS = ("starred", "archived", "missing")


def names(rows: Iterable[Experiment]) -> list[str]:
    """Everything a run of the project has, and what any run may have."""
    found = dict.fromkeys([*columns(rows), *MARKS])
    found.update(dict.fromkeys(item.key for item in PARAMETERS))
    found.update(dict.fromkeys(item.binding for item in PARAMETERS if item.binding))
    found.update(dict.fromkeys(f"{tag}.{figure}" for tag in tags.WORDS for figure in FIGURES))
    return list(found)


def stranger(fields: Iterable[str], text: str) -> UserError | None:
    """The first name that a filter compares and that is none of ``fields``, nor of what any run may have; None: all are known.

    Raises :class:`UserError` (``bad-query``) for what is no filter.
    """
    known = [*fields, *names(())]
    for field, _operator, _value in query.comparisons(text):
        try:
            _column(field, known, tr("The list offers every name while you type."))
        except UserError as error:
            return error
    return None


def check(rows: Sequence[Experiment], text: str, sort: str, wanted: Iterable[str]) -> str:
    """Refuse names that nothing has, and numbers that are none; the column that ``sort`` means.

    Raises :class:`UserError`: bad-query, no-column. Where there are no runs everything passes.
    """
    tests = query.comparisons(text)
    if not rows:
        return sort
    known = names(rows)
    for name in [field for field, _, _ in tests] + [name for name in wanted if name != "all"]:
        _column(name, known)
    for field, operator, value in tests:
        numeric = any(isinstance(query.lookup(row.fields, field), (int, float)) for row in rows)
        if operator in ("<", "<=", ">", ">=") and numeric and query.number(value) is None:
            raise UserError(
                tr("{field} is a number, and “{value}” is none.", field=field, value=value),
                tr("Write for example: {example}", example=f"{field} {operator} 9.5"),
                code="bad-query",
            )
    return _column(sort, known)


def _column(name: str, known: Sequence[str], where: str = "") -> str:
    """The name as the table has it (``validation`` means its last value). Raises :class:`UserError` (``no-column``)."""
    plain = name.rpartition("@")[0] if "@" in name else name
    folded = plain.casefold()
    by_fold = {column.casefold(): column for column in reversed(known)}
    found = by_fold.get(folded) or by_fold.get(f"{folded}.last")
    if found is not None:
        return name if "@" in name else found
    near = [by_fold[key] for key in difflib.get_close_matches(folded, by_fold, 3)]
    raise UserError(
        tr("Runs have nothing named {name}.", name=repr(name)),
        tr("Did you mean {names}?", names=", ".join(near))
        if near
        else where or tr("“rave-gui experiments list --columns all” shows every name."),
        code="no-column",
    )
