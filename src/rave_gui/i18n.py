"""Every text a person reads goes through :func:`tr` or :func:`trn`, in the window, on the command line and below both.

Catalogues are gettext's (``locale/<language>/LC_MESSAGES/rave_gui.mo``): they work without Qt, know the plural forms of every
language, and translators have tools for them. The language belongs to the process, as it does in gettext itself, and is
chosen once at start (:func:`use_language`); until then texts are what the source says.
"""

from __future__ import annotations

import gettext
import locale
import os
import re
from collections.abc import Sequence
from pathlib import Path

DOMAIN = "rave_gui"
FOLDER = Path(__file__).with_name("locale")
VARIABLE = "RAVE_GUI_LANGUAGE"
"""Environment variable that hands the language on to the processes of jobs, and chooses it on the command line."""
PSEUDO = "pseudo"
"""A language made of the source's own texts, longer and marked, that shows which texts cannot be translated."""

_PLACES = re.compile(r"(\{[^{}]*\}|&&|<[^<>]*>)")
_ACCENTS = str.maketrans("aeiouAEIOUcnsy", "áéíóúÁÉÍÓÚçñšý")


class Pseudo(gettext.NullTranslations):
    """Accents on the letters, brackets around the text, a third more of it; ``{places}`` and markup stay as they are."""

    def gettext(self, message: str) -> str:
        """One text."""
        if not message.strip():
            return message
        parts = _PLACES.split(message)
        turned = [part if i % 2 else part.translate(_ACCENTS) for i, part in enumerate(parts)]
        return f"⟦{''.join(turned)}{'~' * (len(message) // 3)}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """One text for a count."""
        return self.gettext(msgid1 if n == 1 else msgid2)


_catalogue: gettext.NullTranslations = gettext.NullTranslations()
_language = "en"


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it
    """Marks a text that is kept in a constant; it is translated where it is shown, by ``tr(constant)``."""
    return text


def tr(text: str, /, **values: object) -> str:
    """``text`` in the language of this process; ``{name}`` in it is replaced by ``values`` after translation."""
    found = _catalogue.gettext(text) if text else text
    return found.format(**values) if values else found


def trn(one: str, many: str, count: int, /, **values: object) -> str:
    """A text with a counted thing, in the plural form that the language has for ``count``; ``{n}`` is the count, grouped in thousands."""
    return _catalogue.ngettext(one, many, count).format(n=f"{count:,}", **values)


def languages() -> list[str]:
    """Languages there are catalogues for, the source's own (``en``) first."""
    found = sorted(path.parent.parent.name for path in FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))
    return ["en", *(name for name in found if name != "en")]


def language() -> str:
    """The language in use."""
    return _language


def use_language(choice: str = "system") -> str:
    """Take a language: ``system``, one of :func:`languages`, or :data:`PSEUDO`. Returns the one taken (``en`` when there is no catalogue)."""
    global _catalogue, _language
    wanted = _of_system() if choice == "system" else [choice]
    for name in wanted:
        if name == PSEUDO:
            _catalogue, _language = Pseudo(), PSEUDO
            return PSEUDO
        if name == "en":
            break
        found = gettext.find(DOMAIN, str(FOLDER), [name])
        if found:  # of fr_CA that may be fr
            _catalogue, _language = gettext.translation(DOMAIN, str(FOLDER), [name]), Path(found).parts[-3]
            return _language
    _catalogue, _language = gettext.NullTranslations(), "en"
    return "en"


def _of_system() -> Sequence[str]:
    """Languages the system names, each followed by its form without a country."""
    named = [os.environ.get(key, "") for key in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")]
    try:
        named.append(locale.getlocale()[0] or "")
    except ValueError:  # a locale that the system names but does not have
        named.append("")
    found: list[str] = []
    for text in ":".join(named).split(":"):
        name = text.partition(".")[0].partition("@")[0]
        if name in ("", "C", "POSIX"):
            continue
        found += [name, name.partition("_")[0]]
    return found
