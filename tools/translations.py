"""Collect, update, compile and check the translations.

    python tools/translations.py collect          # src/rave_gui/locale/rave_gui.pot from the source
    python tools/translations.py update [LANG…]   # bring each catalogue in line with it; texts that are gone are dropped
    python tools/translations.py compile          # .mo beside every .po
    python tools/translations.py check            # non-zero when a catalogue is incomplete, wrong or not compiled
    python tools/translations.py missing LANG     # texts without a translation, as JSON; fill in and hand to: fill LANG FILE
    python tools/translations.py fill LANG FILE   # JSON object: source text (or "one\\u0000many") -> translation (or list of forms)

Babel does the work; the application itself needs only Python's gettext.
"""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path
from string import Formatter
from typing import Any

from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "rave_gui"
LOCALE = SOURCE / "locale"
DOMAIN = "rave_gui"
KEYWORDS = {"tr": None, "trn": (1, 2), "N_": None}


def collect() -> Catalog:
    """Every text of the source, in the order of files."""
    found = Catalog(project="RAVE GUI", charset="utf-8", fuzzy=False)
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        for line, message, comments, context in extract_from_file("python", path, keywords=KEYWORDS):
            if not message or (isinstance(message, tuple) and not message[0]):
                continue
            found.add(message, locations=[(name, line)], auto_comments=comments, context=context)
    return found


def catalogues() -> list[Path]:
    """The .po files there are."""
    return sorted(LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def load(path: Path) -> Catalog:
    """Read a .po file."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def save(catalogue: Catalog, path: Path) -> None:
    """Write a .po file: without dates and line numbers, so that only changed texts make a difference."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(
            file,
            catalogue,
            width=110,
            no_location=True,
            omit_header=False,
            sort_output=True,
            ignore_obsolete=True,
        )


def update(languages: list[str]) -> None:
    """Bring catalogues in line with the source."""
    template = collect()
    paths = [LOCALE / name / "LC_MESSAGES" / f"{DOMAIN}.po" for name in languages] or catalogues()
    for path in paths:
        old = load(path) if path.exists() else Catalog(locale=path.parent.parent.name)
        new = Catalog(locale=path.parent.parent.name, project="RAVE GUI", charset="utf-8", fuzzy=False)
        new.creation_date = old.creation_date
        new.revision_date = old.revision_date
        for message in template:
            if not message.id:
                continue
            known = old.get(message.id)
            string: Any = known.string if known is not None and not known.fuzzy else ""
            new.add(message.id, string, context=message.context)
        save(new, path)
        done, total = progress(new)
        print(f"{path.parent.parent.name}: {done} of {total} texts")


def compile_all() -> None:
    """Write the .mo files."""
    for path in catalogues():
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, load(path))


def progress(catalogue: Catalog) -> tuple[int, int]:
    """Texts that are translated, and all."""
    messages = [m for m in catalogue if m.id]
    return sum(translated(m) for m in messages), len(messages)


def translated(message: Message) -> bool:
    """Whether every form of a text has a translation."""
    if isinstance(message.string, (tuple, list)):
        return bool(message.string) and all(message.string)
    return bool(message.string)


def places(text: str) -> set[str]:
    """The ``{names}`` in a text."""
    try:
        return {name.partition(".")[0].partition("[")[0] for _, name, _, _ in Formatter().parse(text) if name}
    except ValueError:
        return {"?"}


def faults(catalogue: Catalog, template: Catalog) -> list[str]:
    """What is wrong with a catalogue, as sentences."""
    wrong = []
    ids = {m.id for m in template if m.id}
    known = {m.id for m in catalogue if m.id}
    wrong += [f"missing: {text!r}" for text in sorted(map(str, ids - known))]
    wrong += [f"not in the source any more: {text!r}" for text in sorted(map(str, known - ids))]
    for message in catalogue:
        if not message.id:
            continue
        source = message.id if isinstance(message.id, (tuple, list)) else (message.id,)
        target = [
            text or ""
            for text in (message.string if isinstance(message.string, (tuple, list)) else (message.string,))
        ]
        if not translated(message):
            wrong.append(f"not translated: {message.id!r}")
            continue
        allowed = set().union(*(places(text) for text in source))
        for text in target:
            if not places(text) <= allowed:
                wrong.append(f"places differ: {message.id!r} -> {text!r}")
            if len(source) == 1 and places(text) != allowed:
                wrong.append(f"places differ: {message.id!r} -> {text!r}")
        lost = set(re.findall(r"<[^>]+>|&&", source[0])) - set(re.findall(r"<[^>]+>|&&", target[0]))
        if lost:
            wrong.append(f"markup lost: {message.id!r}")
    return wrong


def check() -> int:
    """Say what is wrong with every catalogue; the number of faults."""
    template, count = collect(), 0
    for path in catalogues():
        catalogue = load(path)
        found = faults(catalogue, template)
        compiled = path.with_suffix(".mo")
        if not compiled.exists() or not same(catalogue, compiled):
            found.append("not compiled: run tools/translations.py compile")
        done, total = progress(catalogue)
        print(f"{path.parent.parent.name}: {done} of {total} texts, {len(found)} faults")
        for fault in found[:40]:
            print(f"  {fault}")
        count += len(found)
    return count


def same(catalogue: Catalog, compiled: Path) -> bool:
    """Whether a .mo file holds what the catalogue does."""
    fresh = io.BytesIO()
    write_mo(fresh, catalogue)
    fresh.seek(0)
    with compiled.open("rb") as file:
        there = read_mo(file)
    return texts(read_mo(fresh)) == texts(there)


def texts(catalogue: Catalog) -> dict[str, object]:
    """Translations by source text; of plurals the list of forms by their first form."""
    return {m.id if isinstance(m.id, str) else m.id[0]: m.string for m in catalogue if m.id}


def missing(language: str) -> dict[str, str]:
    """Texts without a translation."""
    catalogue = load(LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po")
    return {
        "\0".join(m.id) if isinstance(m.id, (tuple, list)) else m.id: ""
        for m in catalogue
        if m.id and not translated(m)
    }


def fill(language: str, file: Path) -> None:
    """Take translations over."""
    path = LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    catalogue = load(path)
    for source, target in json.loads(file.read_text(encoding="utf-8")).items():
        key: Any = tuple(source.split("\0")) if "\0" in source else source
        message = catalogue.get(key)
        if message is not None and target:
            message.string = tuple(target) if isinstance(target, list) else target
    save(catalogue, path)


def main(arguments: list[str]) -> int:
    """Do what was asked for."""
    what, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if what == "collect":
        save(collect(), LOCALE / f"{DOMAIN}.pot")
    elif what == "update":
        update(rest)
    elif what == "compile":
        compile_all()
    elif what == "check":
        return 1 if check() else 0
    elif what == "missing" and rest:
        print(json.dumps(missing(rest[0]), ensure_ascii=False, indent=1))
    elif what == "fill" and len(rest) == 2:
        fill(rest[0], Path(rest[1]))
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
