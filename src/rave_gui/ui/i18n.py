"""Every string a user sees goes through :func:`tr`; ``pyside6-lupdate FILES -ts NAME.ts`` collects them."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

CONTEXT = ""
"""What lupdate writes for a plain function."""


def tr(text: str, /, **values: object) -> str:
    """``text`` in the user's language; ``{name}`` in it is replaced by ``values`` after translation."""
    found = QCoreApplication.translate(CONTEXT, text)
    return found.format(**values) if values else found


def trn(one: str, many: str, count: int, /, **values: object) -> str:
    """Words for a counted thing: ``one`` for exactly one, ``many`` otherwise, both translated; ``{n}`` is the count."""
    return (one if count == 1 else many).format(n=f"{count:,}", **values)
