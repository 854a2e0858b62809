"""The table as it was seen last, kept in the project's store by columns: what is not looked at is not decoded.

Ten thousand runs have a million values; a list shows ten columns of them and a filter asks for three.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rave_gui.projects import Project

KIND = "experiment-columns"
"""Under which the store keeps the columns; each is a fact of its own, its values as one JSON text."""
NAMES, PATHS = "/names", "/paths"
"""Columns of the table's own; no setting and no curve has a name like these."""


class Columns:
    """Columns of a table with a row for each run; a column is decoded when somebody first asks for it."""

    def __init__(self, texts: Mapping[str, str], rows: int) -> None:
        """``texts``: facts by column, as the store has them."""
        self._texts = dict(texts)
        self.ready: dict[str, list[Any]] = {}
        """Columns that were decoded."""
        self._rows = rows

    def __contains__(self, name: object) -> bool:
        return name in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def values(self, name: str) -> list[Any]:
        """One column. Raises :class:`KeyError`. A damaged one is a column of nothing."""
        found = self.ready.get(name)
        if found is None:
            found = self.ready[name] = decoded(_inner(self._texts[name]), self._rows)
        return found


class RowFields(Mapping[str, Any]):
    """The fields of one run, out of the columns; those it does not have are None."""

    __slots__ = ("columns", "index")

    def __init__(self, columns: Columns, index: int) -> None:
        self.columns = columns
        self.index = index

    def __getitem__(self, name: str) -> Any:
        return self.columns.values(name)[self.index]

    def get(self, name: str, default: Any = None) -> Any:
        """A field, or ``default`` where no run has one of that name."""
        found = self.columns.ready.get(name)
        if found is None:
            if name not in self.columns:
                return default
            found = self.columns.values(name)
        return found[self.index]

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)


def load(project: Project) -> tuple[list[str], list[str], Columns]:
    """Names, paths (empty: the usual place) and columns as they were kept; nothing before the first time."""
    kept = project.store.fact_texts(KIND)
    stamp = kept.get(NAMES, ("", ""))[0]
    texts = {name: text for name, (of, text) in kept.items() if of == stamp}
    names = decoded(_inner(texts.pop(NAMES, "")), None)
    if not all(isinstance(name, str) for name in names):
        names = []
    found = decoded(_inner(texts.pop(PATHS, "")), len(names))
    paths = [path if isinstance(path, str) else "" for path in found]
    return names, paths, Columns(texts, len(names))


def keep(
    project: Project, names: Sequence[str], paths: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Keep a table; only columns that differ are written."""
    keys = dict.fromkeys(key for row in rows for key in row)
    texts = {key: json.dumps([row.get(key) for row in rows]) for key in keys}
    texts |= {NAMES: json.dumps(list(names)), PATHS: json.dumps(list(paths))}
    # Which runs, in which order: columns of another table do not fit this one.
    stamp = hashlib.sha256(texts[NAMES].encode()).hexdigest()[:16]
    before = project.store.facts(KIND)
    changed = {
        key: (stamp, {"text": text})
        for key, text in texts.items()
        if before.get(key) != (stamp, {"text": text})
    }
    if changed:
        project.store.set_facts(KIND, changed)
    gone = set(before) - set(texts)
    if gone:
        project.store.forget_facts(KIND, gone)


def _inner(text: str) -> str:
    """The column in a fact's text; of a damaged one nothing."""
    try:
        found = json.loads(text)
    except ValueError:
        return ""
    column = found.get("text") if isinstance(found, dict) else None
    return column if isinstance(column, str) else ""


def decoded(text: str, rows: int | None) -> list[Any]:
    """A column's values; ``rows`` times nothing where the text does not hold as many."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if isinstance(found, list) and (rows is None or len(found) == rows):
        return found
    return [None] * (rows or 0)
