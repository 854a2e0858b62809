"""The user's own configurations and templates: plain files that can be shared; what is replaced or removed goes to a history beside them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.projects.names import check_name
from rave_protocol.codec import ProtocolError, decode, dumps, encode, loads
from rave_protocol.files import replace_text
from rave_protocol.specs import TrainParams

HISTORY = ".history"
SUFFIX = ".gin"
TEMPLATE_SUFFIX = ".ravetemplate"
TEMPLATE_FORMAT = 1
NOT_SHARED = ("dataset", "run", "name", "resume", "trusted", "clips", "init_from")
"""Fields of ``TrainParams`` that belong to one run on one computer."""


def write(folder: Path, name: str, suffix: str, text: str, *, replace: bool) -> Path:
    """Write ``folder/name+suffix``; an earlier one goes to the history. Raises :class:`UserError`: bad-name, name-taken, not-writable."""
    check_name(name, "name")
    path = folder / f"{name}{suffix}"
    if path.exists():
        if not replace:
            raise UserError(
                tr("There is already one called {name}.", name=repr(name)),
                tr("Choose another name, or replace it."),
                code="name-taken",
            )
        if path.read_text(encoding="utf-8", errors="replace") == text:
            return path
        _to_history(path)
    folder.mkdir(parents=True, exist_ok=True)
    replace_text(path, text)
    return path


def remove(path: Path) -> Path:
    """Move a file to the history beside it; where it lies now."""
    return _to_history(path)


def _to_history(path: Path) -> Path:
    folder = path.parent / HISTORY
    folder.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    target = folder / f"{path.stem}-{stamp}{path.suffix}"
    number = 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}-{stamp}-{number}{path.suffix}"
    path.rename(target)
    return target


def files(folder: Path, suffix: str) -> list[Path]:
    """Files of a folder with that ending, by name; the history is not among them."""
    if not folder.is_dir():
        return []
    return sorted((p for p in folder.glob(f"*{suffix}") if p.is_file()), key=lambda p: p.name.casefold())


# --- templates


def template_text(name: str, description: str, fields: dict[str, Any]) -> str:
    """A template as it lies in a file: settings of a training without what belongs to one run. Raises :class:`UserError` (bad-settings)."""
    shared = {key: value for key, value in fields.items() if key not in NOT_SHARED}
    _checked(shared)
    return (
        dumps(
            {"format": TEMPLATE_FORMAT, "name": name, "description": description, "training": shared},
            indent=2,
        )
        + "\n"
    )


def read_template(path: Path) -> dict[str, Any]:
    """``{"name", "description", "fields", "path"}``. Raises :class:`UserError`: template-missing, template-broken."""
    try:
        data = loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(tr("There is no template at {path}.", path=path), code="template-missing") from None
    except (OSError, UnicodeDecodeError, ProtocolError) as error:
        raise _broken(path, str(error)) from error
    if data.get("format") != TEMPLATE_FORMAT or not isinstance(data.get("training"), dict):
        raise _broken(path, f"format {data.get('format')!r}")
    fields = {key: value for key, value in data["training"].items() if key not in NOT_SHARED}
    _checked(fields, path)
    return {
        "name": path.name.removesuffix(TEMPLATE_SUFFIX),
        "description": str(data.get("description", "")),
        "fields": fields,
        "path": str(path),
    }


def _checked(fields: dict[str, Any], path: Path | None = None) -> None:
    """Would ``TrainParams`` take these fields?"""
    try:
        decode(TrainParams, {**encode(fields), "dataset": "", "run": "", "name": ""})
    except ProtocolError as error:
        if path is not None:
            raise _broken(path, str(error)) from error
        raise UserError(
            tr("A setting cannot be kept in a template: {reason}.", reason=str(error)), code="bad-settings"
        ) from error


def _broken(path: Path, details: str) -> UserError:
    return UserError(
        tr("{path} is no template that this version can read.", path=path),
        tr("It may be damaged, or made by a newer version."),
        details,
        code="template-broken",
    )
