"""Refuse configurations that could run somebody else's code.

A gin file can import any module, include any file, and through ``@name()`` call any function of an imported module. Files outside
RAVE are therefore read first without obeying them (:mod:`rave_engine.configs.scan`) and refused unless everything in them belongs
to the vocabulary of the stock files, or the user has trusted that very file.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rave_engine.configs.scan import Scan, scan
from rave_engine.configs.stock import MODULES, stock_file, vocabulary
from rave_engine.errors import EngineError

HINT = "Open the file and read it. If you know who made it and want to run its code, mark it as trusted."


def check_file(path: Path, trusted: Iterable[str]) -> Scan:
    """Read the gin file ``path`` and return what it mentions. Raises :class:`EngineError` (``untrusted-config``)."""
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError):
        raise EngineError(
            "config-missing",
            f"There is no configuration at {path}.",
            "Choose one of the stock configurations or an existing .gin file.",
        ) from None
    except UnicodeDecodeError:
        raise EngineError(
            "gin-syntax", f"{path} is not a text file.", "Choose a .gin file saved as UTF-8 text."
        ) from None
    found = scan(text, str(path))
    if not _is_trusted(path, trusted):
        check(found, str(path))
    return found


def check(found: Scan, where: str) -> None:
    """Refuse what is outside the stock vocabulary. Raises :class:`EngineError` (``untrusted-config``)."""
    for _, _, reason in strange(found):
        raise _refused(where, reason)


def strange(found: Scan) -> list[tuple[str, int, str]]:
    """Everything outside the stock vocabulary: (name, line, reason), imports and includes first."""
    words = vocabulary()
    result = [
        (module, line, f"it imports the module {module!r} (line {line})")
        for module, line in found.imports
        if module not in MODULES
    ]
    result += [
        (name, line, f"it includes the file {name!r} (line {line})")
        for name, line in found.includes
        if not _stock_include(name)
    ]
    for names, words_for_it in (
        (found.references, "it refers to {name!r}, which no stock configuration uses"),
        (found.selectors, "it sets parameters of {name!r}, which no stock configuration does"),
    ):
        for name in sorted(names):
            if name.rsplit(".", 1)[-1] not in words.selectors or "__" in name:
                result.append((name, found.lines.get(name, 0), words_for_it.format(name=name)))
    return result


def _stock_include(name: str) -> bool:
    """Stock files include each other as ``configs/v1.gin``; anything that leaves that folder is not stock."""
    plain = name.removeprefix("configs/")
    return "/" not in plain and "\\" not in plain and stock_file(plain) is not None


def _is_trusted(path: Path, trusted: Iterable[str]) -> bool:
    here = path.resolve()
    return any(Path(name).resolve() == here for name in trusted)


def _refused(where: str, reason: str) -> EngineError:
    return EngineError(
        "untrusted-config",
        f"The configuration {where} is not used because it could run code: {reason}.",
        HINT,
    )
