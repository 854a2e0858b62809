"""The table of all runs: which are shown, in which order, in which groups, with which columns."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from rave_gui.errors import UserError
from rave_gui.training.experiments import known, table
from rave_gui.training.experiments import query as language
from rave_gui.training.experiments.table import Experiment

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.projects import Project

COLUMNS = ("name", "state", "step", "dataset", "config", "validation.best", "created")
"""What is shown until the user chooses."""
KEPT_FILTERS = 20
_AT = re.compile(r"^(?P<tag>.+)@(?P<step>\d+(?:\.\d+)?[kKmM]?)$")
_AT_IN_TEXT = re.compile(r"[^\s()<>=!~\"@]+@\d+(?:\.\d+)?[kKmM]?")
_TESTED = re.compile(r"([^\s()<>=!~\"]+)\s*(<=|>=|!=|!~|<|>|=|~)\s*\"?$")
_STOP = set(' ()<>=!~"')
FEW = 12
"""Most completions offered at once."""


@dataclass(frozen=True)
class Group:
    """A heading in the table: runs that agree in the field the table is grouped by."""

    field: str
    value: Any
    runs: tuple[Experiment, ...]

    @property
    def key(self) -> str:
        """Tells it from the other groups."""
        return repr(self.value)

    @property
    def name(self) -> str:
        """For lists that ask every row for a name; no run can be called so."""
        return f"\0{self.key}"


Row = Experiment | Group


@dataclass(frozen=True)
class Listing:
    """Every run, the fields that some of them have, and the words in each field, the commonest first."""

    runs: list[Experiment]
    fields: list[str]
    words: Mapping[str, list[str]]


@dataclass(frozen=True)
class Order:
    """How runs are to be shown; made by the model, worked off in any thread by :func:`arranged`."""

    runs: Sequence[Experiment]
    test: Callable[[Mapping[str, Any]], bool]
    sort: str
    descending: bool
    group: str
    closed: frozenset[str]
    more: Mapping[str, Mapping[str, float]]


def at_step(column: str) -> tuple[str, int] | None:
    """Tag and step of a column ``TAG@STEP`` (``validation@50k``), None for any other."""
    match = _AT.match(column)
    return (match["tag"], int(language.number(match["step"]) or 0)) if match is not None else None


def arranged(order: Order) -> tuple[list[Row], int]:
    """Rows as they are shown, and how many runs are among them."""
    runs: Sequence[Experiment] = order.runs
    if order.more:
        runs = [
            run.with_fields({**run.fields, **order.more[run.name]}) if run.name in order.more else run
            for run in runs
        ]
    found = table.arrange(runs, order.test, order.sort, order.descending)
    if not order.group:
        return list(found), len(found)
    groups: dict[str, list[Experiment]] = {}
    for run in found:
        groups.setdefault(repr(_value(run, order.group)), []).append(run)
    rows: list[Row] = []
    for members in groups.values():
        heading = Group(order.group, _value(members[0], order.group), tuple(members))
        rows.append(heading)
        if heading.key not in order.closed:
            rows += members
    return rows, len(found)


def _value(run: Experiment, name: str) -> Any:
    value = language.lookup(run.fields, name)
    return tuple(value) if isinstance(value, list) else value


class ExperimentsModel:
    """``changed`` carries what did: rows, all, query, columns, order."""

    changed = Signal(str)

    def __init__(self) -> None:
        self.all: list[Experiment] = []
        self.fields: list[str] = table.columns(())
        """Every field that some run has, the common ones first."""
        self.words: Mapping[str, list[str]] = {}
        """Words that runs have in a field, the commonest first."""
        self.rows: list[Row] = []
        self.shown = 0
        """Runs among the rows, those of closed groups too."""
        self.loaded = False
        self.query = ""
        self.problem: UserError | None = None
        self.note: UserError | None = None
        """The filter makes sense, but compares something that no run has."""
        self.sort, self.descending, self.group = "created", True, ""
        self.columns: list[str] = list(COLUMNS)
        self.closed: set[str] = set()
        self._test: Callable[[Mapping[str, Any]], bool] = language.parse("")
        self._at: dict[str, dict[str, float]] = {}
        self._read: set[tuple[str, str]] = set()

    # What is there

    def set_all(self, found: Listing) -> None:
        """Every run of the project; rows follow when they are arranged."""
        self.all, self.fields, self.words, self.loaded = found.runs, found.fields, found.words, True
        self.changed.emit("all")

    def clear(self) -> None:
        """No project, or another one."""
        self.all, self.rows, self.shown, self.loaded = [], [], 0, False
        self._at.clear()
        self._read.clear()
        self.closed.clear()
        self.changed.emit("rows")

    def get(self, name: str) -> Experiment | None:
        """A run by its name."""
        return next((run for run in self.all if run.name == name), None)

    # What is wanted

    def set_query(self, text: str) -> bool:
        """Filter by a text of the language; False (with :attr:`problem`) when it makes no sense, and the rows stay."""
        self.query = text
        try:
            self._test = language.parse(text)
        except UserError as error:
            self.problem, self.note = error, None
            self.changed.emit("query")
            return False
        self.problem = None
        self.note = known.stranger(self.fields, text) if self.all else None
        self.changed.emit("query")
        return True

    def set_sort(self, column: str, descending: bool) -> None:
        """Sort by a field."""
        self.sort, self.descending = column, descending
        self.changed.emit("order")

    def set_group(self, name: str) -> None:
        """Put runs that agree in a field under one heading; empty: no groups."""
        self.group = name
        self.closed.clear()
        self.changed.emit("order")

    def toggle(self, group: Group) -> None:
        """Close a group, or open it."""
        self.closed ^= {group.key}
        self.changed.emit("order")

    def set_columns(self, columns: Sequence[str]) -> None:
        """Show these columns, in this order; the name is always the first."""
        self.columns = ["name", *dict.fromkeys(c for c in columns if c != "name")]
        self.changed.emit("columns")

    # The order

    @property
    def order(self) -> Order:
        """What :func:`arranged` needs."""
        return Order(
            self.all,
            self._test,
            self.sort,
            self.descending,
            self.group,
            frozenset(self.closed),
            {name: dict(values) for name, values in self._at.items()},
        )

    def take(self, rows: tuple[list[Row], int]) -> None:
        """Rows that were arranged."""
        self.rows, self.shown = rows
        self.changed.emit("rows")

    # Columns at a step

    @property
    def wanted_steps(self) -> list[tuple[str, list[str]]]:
        """Columns ``TAG@STEP``, those of the filter too, with the runs whose value was never looked up."""
        found = []
        asked = [] if self.problem is not None else _AT_IN_TEXT.findall(self.query)
        for column in [*self.columns, self.sort, *asked]:
            if at_step(column) is not None:
                missing = [run.name for run in self.all if (run.name, column) not in self._read]
                if missing and (column, missing) not in found:
                    found.append((column, missing))
        return found

    def set_values(self, column: str, names: Sequence[str], values: Sequence[float | None]) -> None:
        """Values of a column ``TAG@STEP`` were looked up."""
        for name, value in zip(names, values, strict=True):
            self._read.add((name, column))
            if value is not None:
                self._at.setdefault(name, {})[column] = value
        self.changed.emit("all")

    def forget_values(self) -> None:
        """Runs went on: values at a step may be others."""
        self._read.clear()

    def value(self, run: Experiment, column: str) -> Any:
        """What a run has in a column."""
        if column in run.fields:
            return run.fields[column]
        return self._at.get(run.name, {}).get(column)


class Words(Mapping[str, list[str]]):
    """Words that runs have in a field, the commonest first; counted when a field is first asked for."""

    def __init__(self, runs: Sequence[Experiment], fields: Sequence[str]) -> None:
        self._runs, self._fields = runs, dict.fromkeys(fields)
        self._counted: dict[str, list[str]] = {}

    def __getitem__(self, name: str) -> list[str]:
        if name not in self._fields:
            raise KeyError(name)
        found = self._counted.get(name)
        if found is None:
            counts: Counter[str] = Counter()
            for run in self._runs:
                value = run.fields.get(name)
                if isinstance(value, str):
                    if value:
                        counts[value] += 1
                elif isinstance(value, (list, tuple)):
                    counts.update(part for part in value if isinstance(part, str))
            found = self._counted[name] = [word for word, _count in counts.most_common()]
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


def listed(runs: Sequence[Experiment]) -> Listing:
    """Runs with what the filter's completion needs of them."""
    fields = table.columns(runs)
    return Listing(list(runs), fields, Words(runs, fields))


def load(
    services: Services,
    project: Project,
    emit: Callable[[Listing], None],
    cancelled: Callable[[], bool],
    *,
    first: bool,
) -> int:
    """Read the table in a thread: with ``first`` at once as it was seen last, then as it is, then with the curves that are new."""
    if first:
        seen = table.last_seen(project)
        if seen:
            emit(listed(seen))
    emit(listed(table.table(services, project)))
    if cancelled():
        return 0
    fresh = table.refresh(project, cancelled=cancelled)
    if fresh and not cancelled():
        emit(listed(table.table(services, project)))
    return fresh


def completions(
    text: str, cursor: int, fields: Sequence[str], words: Mapping[str, Sequence[str]], *, asked: bool = False
) -> tuple[int, list[str]]:
    """Where the word before ``cursor`` begins, and what it may become: fields, values of the field it is compared with, tags.

    With nothing typed yet something is offered only when ``asked`` for.
    """
    start = cursor
    while start > 0 and text[start - 1] not in _STOP:
        start -= 1
    word = text[start:cursor]
    tested = _TESTED.search(text[:start])
    if not word and not asked and tested is None:
        return start, []
    if tested is not None:
        values = language.lookup(words, tested[1]) or ()
        found = [f'"{value}"' if set(value) & _STOP else value for value in values if value != word]
    else:
        tags = [f"tag:{tag}" for tag in sorted(words.get("tags", ()))]
        plain = [name for name in fields if not name.endswith(".best_step")]
        found = [*plain, *language.FLAGS, *tags, "and", "or", "not"]
    folded = word.casefold()
    begins = [w for w in found if w.casefold().startswith(folded) and w.casefold() != folded]
    inside = [w for w in found if folded in w.casefold() and w not in begins and w.casefold() != folded]
    return start, [*begins, *inside[:FEW]][:FEW]


def remember(filters: Sequence[str], text: str) -> list[str]:
    """Filters used before with this one in front."""
    plain = text.strip()
    return [plain, *(old for old in filters if old != plain)][:KEPT_FILTERS] if plain else list(filters)


def write_csv(path: Path, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """A table for other programs: names of fields in the first line, lists with `` + `` between. Raises :class:`OSError`."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return " + ".join(map(str, value))
    return "" if value is None else value


@dataclass
class Choice:
    """Columns to choose from: a search over them, and which are wanted, in order."""

    fields: Sequence[str]
    wanted: list[str] = field(default_factory=list)

    def found(self, search: str, title: Callable[[str], str]) -> list[str]:
        """Fields whose name or title has every word of ``search``."""
        parts = search.casefold().split()
        return [f for f in self.fields if all(p in f"{f} {title(f)}".casefold() for p in parts)]

    def switch(self, name: str, on: bool) -> None:
        """Want a column, or not."""
        if on and name not in self.wanted:
            self.wanted.append(name)
        elif not on and name in self.wanted and name != "name":
            self.wanted.remove(name)

    def move(self, name: str, by: int) -> None:
        """To the left (-1) or right; the name stays the first."""
        place = self.wanted.index(name)
        target = max(1, min(len(self.wanted) - 1, place + by))
        if place > 0:
            self.wanted.insert(target, self.wanted.pop(place))
