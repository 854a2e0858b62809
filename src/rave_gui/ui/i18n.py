"""Every string a user sees goes through :func:`tr`; ``lupdate -tr-function-alias translate+=tr`` collects them."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

CONTEXT = "rave-gui"


def tr(text: str, /, **values: object) -> str:
    """``text`` in the user's language; ``{name}`` in it is replaced by ``values`` after translation."""
    found = QCoreApplication.translate(CONTEXT, text)
    return found.format(**values) if values else found


def trn(one: str, many: str, count: int, /, **values: object) -> str:
    """:func:`tr` for a counted thing: ``one`` for exactly one, ``many`` otherwise; ``{n}`` is the count."""
    return tr(one if count == 1 else many, n=f"{count:,}", **values)
