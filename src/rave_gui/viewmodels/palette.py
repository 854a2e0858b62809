"""What the command palette finds: entries ranked by how well they fit what was typed."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

MOST = 60
"""Entries shown at most: who sees more types one more letter."""


@dataclass(frozen=True, eq=False)
class Entry:
    """Something that can be chosen. ``group`` says what kind of thing it is."""

    key: str
    text: str
    run: Callable[[], object]
    group: str = ""
    icon: str = ""
    keys: str = ""
    enabled: bool = True
    more: str = ""
    """Further words it is found by, not shown."""


def plain(text: str) -> str:
    """Small letters without accents: “Küche” is found by “kuche”."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c))


def fit(query: str, text: str) -> float | None:
    """How well one word fits a text (more is better), None when its letters are not there in this order.

    The start of the text counts most, then the start of a word, then any place, then letters that lie apart.
    """
    if not query:
        return 0.0
    place = text.find(query)
    if place == 0:
        return 100.0 - len(text) * 0.1
    if place > 0:
        starts = not text[place - 1].isalnum()
        return (80.0 if starts else 55.0) - place * 0.2 - len(text) * 0.05
    # The letters one by one, each preferring the start of a word.
    score, at, last = 40.0, 0, -1
    for letter in query:
        found = _next(text, letter, at)
        if found < 0:
            return None
        score -= 0.0 if found == last + 1 or _starts(text, found) else 4.0
        at, last = found + 1, found
    return score - len(text) * 0.1 if score > 20 else None


def _starts(text: str, place: int) -> bool:
    return place == 0 or not text[place - 1].isalnum()


def _next(text: str, letter: str, at: int) -> int:
    """Where ``letter`` comes next: at the start of a word if there is one, else anywhere."""
    first = text.find(letter, at)
    if first < 0 or first == at or _starts(text, first):
        return first
    place = first
    while place >= 0:
        if _starts(text, place):
            return place
        place = text.find(letter, place + 1)
    return first


def rank(entries: Iterable[Entry], query: str, recent: Sequence[str] = ()) -> list[Entry]:
    """Entries that fit ``query``, best first; without one, those used last and then the rest in their order."""
    places = {key: i for i, key in enumerate(recent)}
    asked = plain(query).split()
    if not asked:
        kept = [entry for entry in entries if entry.enabled]
        return sorted(kept, key=lambda entry: places.get(entry.key, len(places)))[:MOST]
    found: list[tuple[float, int, Entry]] = []
    for order, entry in enumerate(entries):
        text, around = plain(entry.text), plain(f"{entry.group} {entry.more}")
        total: float | None = 0.0
        for word in asked:
            here, beside = fit(word, text), fit(word, around)
            best = max((here, beside and beside - 30.0), key=lambda x: -1e9 if x is None else x)
            total = None if best is None or total is None else total + best
        if total is None:
            continue
        if entry.key in places:
            total += 6.0 - 0.2 * places[entry.key]
        found.append((total - (0.0 if entry.enabled else 25.0), -order, entry))
    found.sort(key=lambda item: (-item[0], -item[1]))
    return [entry for _score, _order, entry in found][:MOST]
