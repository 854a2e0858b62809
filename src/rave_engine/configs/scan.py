"""Read a gin text without obeying it: what does it import, include, bind and refer to?

gin's own parser reads the statements; a delegate that only records stands where gin would resolve names, so nothing is imported,
registered or called.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rave_engine.errors import EngineError


@dataclass
class Scan:
    """What one gin text mentions."""

    imports: list[tuple[str, int]] = field(default_factory=list)
    """(module, line); ``from a import b`` is ``a.b``."""
    includes: list[tuple[str, int]] = field(default_factory=list)
    selectors: set[str] = field(default_factory=set)
    """Configurables whose parameters are bound, without scopes."""
    references: set[str] = field(default_factory=set)
    """``@name`` and ``@name()``, without scopes."""
    called: set[str] = field(default_factory=set)
    """``@name()`` only: called as soon as the value is used."""
    macros: set[str] = field(default_factory=set)
    """Names defined by ``NAME = value``."""
    used_macros: set[str] = field(default_factory=set)
    """Names used as ``%NAME``."""
    literals: dict[str, Any] = field(default_factory=dict)
    """Values of the macros."""
    bindings: list[tuple[str, str, Any]] = field(default_factory=list)
    """(scope/selector, parameter, value) in order; the selector is a macro's name when the parameter is empty."""
    lines: dict[str, int] = field(default_factory=dict)
    """Line of the first mention of each selector and reference."""


@dataclass(frozen=True)
class Mention:
    """A reference or macro inside a value."""

    text: str

    def __repr__(self) -> str:
        return self.text


def scan(text: str, where: str) -> Scan:
    """Read ``text``. Raises :class:`EngineError` (``gin-syntax``) with the file and line where it cannot be read."""
    from gin import config_parser

    found = Scan()

    class Recorder(config_parser.ParserDelegate):
        def configurable_reference(self, scoped_configurable_name: str, evaluate: bool) -> Mention:
            name = scoped_configurable_name.rsplit("/", 1)[-1]
            found.references.add(name)
            token = getattr(parser, "current_token", None)
            found.lines.setdefault(name, int(token.start[0]) if token else 1)
            if evaluate:
                found.called.add(name)
            return Mention(f"@{scoped_configurable_name}{'()' if evaluate else ''}")

        def macro(self, macro_name: str) -> Mention:
            found.used_macros.add(macro_name)
            return Mention(f"%{macro_name}")

    parser: Any = None
    try:
        parser = config_parser.ConfigParser(text, Recorder())
        for statement in parser:
            line = statement.location.line_num or 0
            if isinstance(statement, config_parser.ImportStatement):
                found.imports.append((statement.module, line))
            elif isinstance(statement, config_parser.IncludeStatement):
                found.includes.append((statement.filename, line))
            elif isinstance(statement, config_parser.BindingStatement):
                _binding(found, statement)
            else:  # the head of a block: its bindings follow as statements of their own
                found.selectors.add(statement.selector)
                found.lines.setdefault(statement.selector, line)
    except (SyntaxError, ValueError, IndentationError) as error:
        raise EngineError(
            "gin-syntax",
            f"The configuration {where} cannot be read.",
            "Check the line that is named: a setting looks like NAME = value or module.Class.parameter = value.",
            str(error),
        ) from None
    return found


def _binding(found: Scan, statement: Any) -> None:
    scoped = f"{statement.scope}/{statement.selector}" if statement.scope else statement.selector
    if statement.arg_name:
        found.selectors.add(statement.selector)
        found.lines.setdefault(statement.selector, statement.location.line_num or 0)
    else:
        found.macros.add(statement.selector)
        found.literals[statement.selector] = (
            statement.value if _plain(statement.value) else repr(statement.value)
        )
    found.bindings.append((scoped, statement.arg_name or "", statement.value))


def _plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(_plain(v) for v in value)
    if isinstance(value, dict):
        return all(_plain(v) for v in value.values())
    return isinstance(value, (int, float, str, bool, type(None)))
