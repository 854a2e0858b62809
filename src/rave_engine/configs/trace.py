"""Walk through gin files statement by statement and remember who set what where, and what that replaced.

Statements come from gin's own parser and are obeyed by gin's own ``bind_parameter`` and imports, in gin's own order, so what
gin holds afterwards is what ``gin.parse_config`` would have left (``tests/contract/test_config_trace.py`` compares them). Unlike
``parse_config``, faults are collected and the walk goes on: an editor wants all of them.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MACRO = "gin.macro"
DEPTH = 16
"""Includes inside includes; deeper is a circle."""


@dataclass(frozen=True)
class Place:
    """Where something was set: a file and line, or for an override the text itself and line 0."""

    file: str
    line: int

    def to_json(self) -> dict[str, Any]:
        """For messages."""
        return {"file": self.file, "line": self.line}


@dataclass(frozen=True)
class Setting:
    """One value that was given to one name at one place."""

    value: Any
    text: str
    """As gin would write it."""
    place: Place


@dataclass(frozen=True)
class Fault:
    """Something that cannot be obeyed. ``code``: gin-syntax, unknown-name, unknown-parameter, bad-import, missing-include, bad-value."""

    code: str
    place: Place
    message: str
    name: str = ""


Key = tuple[str, str, str]
"""Scope, complete selector, parameter; a macro is (its name, ``gin.macro``, ``value``)."""


@dataclass
class Trace:
    """Everything that was said about each name, in order; the last one counts."""

    settings: dict[Key, list[Setting]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    macros_used: dict[str, Place] = field(default_factory=dict)
    """Macros by the place that first used them."""

    def note(self, key: Key, value: Any, place: Place) -> None:
        """Remember that ``key`` was set to ``value``."""
        self.settings.setdefault(key, []).append(Setting(value, repr(value), place))


def display(key: Key) -> str:
    """A name as people write it: ``CAPACITY``, ``blocks.EncoderV2.kernel_size``, ``variational/blocks.Encoder.n_out``."""
    scope, selector, parameter = key
    if selector == MACRO:
        return scope
    parts = selector.split(".")
    short = ".".join(parts[-2:]) if len(parts) > 1 else selector
    return f"{scope + '/' if scope else ''}{short}.{parameter}"


class _Named(io.StringIO):
    """Text with a file name, which gin puts into its messages."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text)
        self.name = name


class Walker:
    """Obeys gin texts one after the other and fills a :class:`Trace`. gin's own state is where the values end up."""

    def __init__(self, readable: Any = None) -> None:
        """``readable`` turns a file's text into what gin can take (see ``compose``)."""
        self.trace = Trace()
        self._readable = readable or (lambda text: text)

    def file(self, path: Path, depth: int = 0) -> None:
        """Obey one file. It must have passed the trust check."""
        self.text(path.read_text(encoding="utf-8"), str(path), depth)

    def text(self, text: str, where: str, depth: int = 0, *, line: int | None = None) -> None:
        """Obey one text; ``line`` replaces the line numbers (0 for an override, which is a line by itself)."""
        import gin
        from gin import config_parser

        named = _Named(self._readable(text), where)
        unknown: set[str] = set()
        with gin.config._parse_scope() as context:
            delegate = self._delegate(where, line)
            try:
                parser = config_parser.ConfigParser(named, delegate)
                delegate.parser = parser
                for statement in parser:
                    at = statement.location.line_num if line is None else line
                    self._obey(statement, Place(where, at), context, unknown, depth)
            except (SyntaxError, ValueError) as error:
                found = getattr(error, "lineno", None) or delegate.line()
                at = (found or 1) if line is None else line
                message = error.msg if isinstance(error, SyntaxError) and error.msg else str(error)
                self.trace.faults.append(Fault("gin-syntax", Place(where, at), _first_line(message)))
            gin.config._IMPORTS.update(context.imports)

    def _delegate(self, where: str, line: int | None) -> Any:
        import gin

        trace = self.trace

        class Delegate(gin.config.ParserDelegate):  # type: ignore[misc]
            parser: Any = None

            def line(self) -> int:
                token = getattr(self.parser, "current_token", None)
                return int(token.start[0]) if token else 1

            def place(self) -> Place:
                return Place(where, self.line() if line is None else line)

            def configurable_reference(self, scoped_selector: str, evaluate: bool) -> Any:
                try:
                    return super().configurable_reference(scoped_selector, evaluate)
                except (ValueError, NameError, AttributeError, RuntimeError) as error:
                    name = scoped_selector.rsplit("/", 1)[-1]
                    trace.faults.append(Fault("unknown-name", self.place(), _first_line(str(error)), name))
                    return None

            def macro(self, name: str) -> Any:
                trace.macros_used.setdefault(name, self.place())
                return super().macro(name)

        return Delegate()

    def _obey(self, statement: Any, place: Place, context: Any, unknown: set[str], depth: int) -> None:
        from gin import config_parser

        if isinstance(statement, config_parser.BindingStatement):
            if statement.selector not in unknown:
                self._bind(statement, place)
        elif isinstance(statement, config_parser.BlockDeclaration):
            wrong = _unknown(context, statement.selector)
            if wrong:
                unknown.add(statement.selector)
                self.trace.faults.append(Fault("unknown-name", place, wrong, statement.selector))
        elif isinstance(statement, config_parser.ImportStatement):
            try:
                context.process_import(statement)
            except (ImportError, SyntaxError, ValueError) as error:
                self.trace.faults.append(
                    Fault("bad-import", place, _first_line(str(error)), statement.module)
                )
        else:
            self._include(statement.filename, place, depth)

    def _bind(self, statement: Any, place: Place) -> None:
        import gin

        if statement.arg_name:
            given = (statement.scope or "", statement.selector, statement.arg_name)
        else:
            macro = f"{statement.scope}/{statement.selector}" if statement.scope else statement.selector
            given = (macro, MACRO, "value")
        try:
            parsed = gin.config.ParsedBindingKey.parse(given)
            gin.bind_parameter(given, statement.value)
        except (ValueError, NameError, AttributeError, RuntimeError) as error:
            message = _first_line(str(error))
            code = "unknown-parameter" if "doesn't have a parameter" in message else "unknown-name"
            name = (
                f"{statement.selector}.{statement.arg_name}"
                if code == "unknown-parameter"
                else statement.selector
            )
            self.trace.faults.append(Fault(code, place, message, name))
            return
        self.trace.note((parsed.scope, parsed.complete_selector, parsed.arg_name), statement.value, place)

    def _include(self, name: str, place: Place, depth: int) -> None:
        path = find_include(name)
        if path is None or depth >= DEPTH:
            self.trace.faults.append(Fault("missing-include", place, f"{name} is not there", name))
            return
        self.file(path, depth + 1)


def find_include(name: str) -> Path | None:
    """The file an include means, along gin's own search path; None when there is none."""
    import gin

    for prefix in gin.config._LOCATION_PREFIXES:
        path = Path(prefix) / name if prefix else Path(name)
        if path.is_file():
            return path
    return None


def _unknown(context: Any, selector: str) -> str:
    """Why ``selector`` names nothing; empty when it names something."""
    try:
        found = context.get_configurable(selector)
    except (ValueError, NameError, AttributeError, RuntimeError) as error:
        return _first_line(str(error))
    return "" if found else f"No configurable matching {selector!r}."


def _first_line(text: str) -> str:
    return re.sub(r"\s+", " ", text.strip().split("\n", 1)[0]) if text.strip() else "cannot be read"


def after(before: Iterable[tuple[Key, Any]], trace: Trace, place: Place) -> None:
    """Note as set at ``place`` whatever gin holds now that differs from ``before`` (see :func:`held`)."""
    old = dict(before)
    for key, value in held():
        if key not in old or repr(old[key]) != repr(value):
            trace.note(key, value, place)


def held() -> list[tuple[Key, Any]]:
    """Every binding that gin holds now."""
    import gin

    return [
        ((scope, selector, parameter), value)
        for (scope, selector), parameters in gin.config._CONFIG.items()
        for parameter, value in parameters.items()
    ]
