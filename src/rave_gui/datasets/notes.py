"""Licence and consent of the recordings in a dataset: ``notes.json`` in its folder, so that they travel with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_protocol.codec import ProtocolError
from rave_protocol.files import read_json, write_json

FILE_NAME = "notes.json"
FIELDS = ("licence", "consent")


def read(dataset: Path) -> dict[str, dict[str, str]]:
    """Notes by source (a recording, or a folder of recordings); ``*`` stands for the whole dataset. Empty where there are none.

    Raises :class:`UserError` (``damaged``) when the file cannot be read.
    """
    try:
        found = read_json(dataset / FILE_NAME).get("sources", {})
    except FileNotFoundError:
        return {}
    except ProtocolError as error:
        raise UserError(
            tr("The notes of {name} cannot be read.", name=dataset.name),
            tr("Restore or remove {file}.", file=dataset / FILE_NAME),
            str(error),
            code="damaged",
        ) from None
    if not isinstance(found, dict):
        return {}
    return {
        str(source): {field: str(note.get(field, "")) for field in FIELDS}
        for source, note in found.items()
        if isinstance(note, dict)
    }


def write(
    dataset: Path, source: str, licence: str | None = None, consent: str | None = None
) -> dict[str, dict[str, str]]:
    """Set the notes of one source; None leaves a note as it is, two empty ones remove the entry. All notes as they are now."""
    notes = read(dataset)
    old = notes.get(source, dict.fromkeys(FIELDS, ""))
    given: dict[str, Any] = {"licence": licence, "consent": consent}
    new = {field: old[field] if given[field] is None else str(given[field]).strip() for field in FIELDS}
    if any(new.values()):
        notes[source] = new
    else:
        notes.pop(source, None)
    write_json(dataset / FILE_NAME, {"format": 1, "sources": notes})
    return notes


def of(dataset: Path, path: str) -> dict[str, str]:
    """The notes that hold for one recording: its own, else those of the nearest folder above, else the dataset's."""
    notes = read(dataset)
    for place in (path, *map(str, Path(path).parents), "*"):
        if place in notes:
            return notes[place]
    return dict.fromkeys(FIELDS, "")
