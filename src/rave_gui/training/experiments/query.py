"""The language that chooses runs: ``validation.best < 9 and config ~ v2 and tag:drums and not archived``.

Grammar, from loose to tight::

    query  = term { "or" term }
    term   = factor { ["and"] factor }
    factor = "not" factor | "(" query ")" | test
    test   = FIELD (< <= > >= = != ~ !~) VALUE | "tag:" WORD | WORD

``~`` means "contains", without regard to case. A word alone is looked for in name, note, tags, dataset and configurations; the words
starred, archived, running and failed mean what they say. Sizes may be written 10k, 1.5M.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rave_gui.errors import UserError
from rave_gui.i18n import tr

Fields = Mapping[str, Any]
Test = Callable[[Fields], bool]

TEXT_FIELDS = ("name", "note", "tags", "dataset", "config", "preset")
FLAGS: dict[str, Test] = {
    "starred": lambda f: bool(f.get("starred")),
    "archived": lambda f: bool(f.get("archived")),
    "running": lambda f: f.get("state") in ("queued", "starting", "running", "paused", "stopping"),
    "failed": lambda f: f.get("state") in ("failed", "interrupted"),
    "done": lambda f: f.get("state") == "succeeded",
}
_TOKEN = re.compile(
    r"\s*(?:(?P<op><=|>=|!=|!~|<|>|=|~)|(?P<paren>[()])|\"(?P<quoted>[^\"]*)\"|(?P<word>[^\s()<>=!~\"]+))"
)
_NUMBER = re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?([kKmM]?)$")


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    at: int


def parse(query: str) -> Test:
    """A function that says whether a run's fields fit. Archived runs never do, unless the query speaks of ``archived``.

    Raises :class:`UserError` (``bad-query``) that says where it stops making sense.
    """
    tokens = _tokens(query)
    if not tokens:
        return lambda fields: not fields.get("archived")
    parser = _Parser(tokens, query)
    test = parser.query()
    parser.end()
    if any(token.kind == "word" and token.text.lower() == "archived" for token in tokens):
        return test
    return lambda fields: not fields.get("archived") and test(fields)


def comparisons(query: str) -> list[tuple[str, str, str]]:
    """The tests of a field in a query: field, operator, value. Raises :class:`UserError` (``bad-query``)."""
    parse(query)
    tokens = _tokens(query)
    return [
        (tokens[at - 1].text, token.text, tokens[at + 1].text)
        for at, token in enumerate(tokens)
        if token.kind == "op"
    ]


def _tokens(query: str) -> list[Token]:
    found, at = [], 0
    text = query.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _error(query, at)
        kind = match.lastgroup or ""
        found.append(Token(kind, match.group(kind), match.start(kind)))
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[Token], query: str) -> None:
        self._tokens, self._query, self._at = tokens, query, 0

    def query(self) -> Test:
        parts = [self._term()]
        while self._word("or"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else lambda f: any(part(f) for part in parts)

    def end(self) -> None:
        token = self._peek()
        if token is not None:
            raise _error(self._query, token.at)

    def _term(self) -> Test:
        parts = [self._factor()]
        while True:
            token = self._peek()
            if self._word("and"):
                parts.append(self._factor())
            elif token is None or token.text == ")" or (token.kind == "word" and token.text.lower() == "or"):
                break
            else:
                parts.append(self._factor())
        return parts[0] if len(parts) == 1 else lambda f: all(part(f) for part in parts)

    def _factor(self) -> Test:
        if self._word("not"):
            inner = self._factor()
            return lambda f: not inner(f)
        token = self._next()
        if token.kind == "paren" and token.text == "(":
            found = self.query()
            closing = self._next()
            if closing.text != ")":
                raise _error(self._query, closing.at)
            return found
        if token.kind not in ("word", "quoted") or (
            token.kind == "word" and token.text.lower() in ("and", "or")
        ):
            raise _error(self._query, token.at)
        after = self._peek()
        if token.kind == "word" and after is not None and after.kind == "op":
            self._at += 1
            value = self._next()
            if value.kind not in ("word", "quoted"):
                raise _error(self._query, value.at)
            return _compare(token.text, after.text, value.text)
        if token.kind == "word" and token.text.lower().startswith("tag:"):
            wanted = token.text[4:].casefold()
            return lambda f: any(wanted == tag.casefold() for tag in f.get("tags") or ())
        if token.kind == "word" and token.text.lower() in FLAGS:
            return FLAGS[token.text.lower()]
        return _contains_anywhere(token.text)

    def _word(self, word: str) -> bool:
        token = self._peek()
        if token is not None and token.kind == "word" and token.text.lower() == word:
            self._at += 1
            return True
        return False

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> Token:
        token = self._peek()
        if token is None:
            raise _error(self._query, len(self._query))
        self._at += 1
        return token


def _compare(field: str, operator: str, text: str) -> Test:
    limit = number(text)
    folded = text.casefold()

    def test(fields: Fields) -> bool:
        value = lookup(fields, field)
        if value is None:
            return operator in ("!=", "!~")
        if operator in ("~", "!~"):
            return (folded in _as_text(value)) == (operator == "~")
        if limit is not None and isinstance(value, (int, float)) and not isinstance(value, bool):
            if math.isnan(value):
                return operator == "!="
            return {
                "<": value < limit,
                "<=": value <= limit,
                ">": value > limit,
                ">=": value >= limit,
                "=": math.isclose(value, limit, rel_tol=1e-9),
                "!=": not math.isclose(value, limit, rel_tol=1e-9),
            }[operator]
        if operator in ("=", "!="):
            same = folded == _as_text(value) or (
                isinstance(value, (list, tuple)) and folded in (str(v).casefold() for v in value)
            )
            return same == (operator == "=")
        if isinstance(value, (int, float)):
            return False  # nothing is less or more than what is no number
        return {
            "<": _as_text(value) < folded,
            "<=": _as_text(value) <= folded,
            ">": _as_text(value) > folded,
            ">=": _as_text(value) >= folded,
        }[operator]

    return test


def lookup(fields: Fields, name: str) -> Any:
    """A field by its name, without regard to case; ``validation`` means its last value."""
    if name in fields:
        return fields[name]
    if f"{name}.last" in fields:
        return fields[f"{name}.last"]
    size, folded = len(name), name.casefold()
    last = f"{folded}.last"
    for key in fields:  # lengths first: folding every name of every run takes ten times as long
        if len(key) in (size, size + 5) and key.casefold() in (folded, last):
            return fields[key]
    return None


def _contains_anywhere(text: str) -> Test:
    folded = text.casefold()
    return lambda f: any(folded in _as_text(f[key]) for key in TEXT_FIELDS if f.get(key))


def _as_text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return " ".join(str(v) for v in value).casefold()
    return str(value).casefold()


def number(text: str) -> float | None:
    """A number as a filter has it (``9``, ``1.5e-3``, ``200k``), None for anything else."""
    match = _NUMBER.match(text)
    if match is None:
        return None
    scale = {"k": 1e3, "m": 1e6}.get(match.group(3).lower(), 1.0)
    return float(text.rstrip("kKmM")) * scale


def _error(query: str, at: int) -> UserError:
    return UserError(
        tr("The filter stops making sense at “{part}”.", part=query[at : at + 20] or tr("its end")),
        tr("Write for example: validation.best < 9 and config ~ v2 and tag:drums and not archived"),
        f"{query}\n{' ' * at}^",
        code="bad-query",
    )
