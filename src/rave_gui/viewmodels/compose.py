"""A stack of configurations taken apart: every binding, who set it and what it replaced; what is wrong with it, at its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psygnal import Signal

from rave_gui.configs.actions import Stack
from rave_gui.i18n import tr
from rave_protocol import stacks

OVERRIDE = "override"
"""How the engine calls the user's lines."""
SHOW = ("all", "changed", "unused")


@dataclass(frozen=True)
class Binding:
    """One setting as it is in force."""

    name: str
    value: str
    resolved: str
    source: str
    file: str
    line: int
    overrode: tuple[Mapping[str, Any], ...] = ()
    """Earlier settings, oldest first: value, source, file, line."""
    used: bool | None = None
    """Whether building the model reads it; None where that cannot be told."""

    @property
    def place(self) -> str:
        """Who set it, and in which line."""
        return place(self.source, self.line)

    @property
    def changed(self) -> bool:
        """Whether it replaced another value, or is the user's own."""
        return self.source == OVERRIDE or any(before["value"] != self.value for before in self.overrode)

    @property
    def haystack(self) -> str:
        """What a search looks through."""
        return f"{self.name} {self.value} {self.resolved} {self.place}".casefold()

    @property
    def history(self) -> list[tuple[str, str]]:
        """Every value it had, oldest first, with who set it."""
        found = [
            (str(before["value"]), place(str(before["source"]), int(before["line"])))
            for before in self.overrode
        ]
        return [*found, (self.value, self.place)]


@dataclass(frozen=True)
class Finding:
    """Something wrong. ``line`` 0: nowhere in particular."""

    severity: str
    code: str
    message: str
    hint: str = ""
    source: str = ""
    file: str = ""
    line: int = 0
    name: str = ""

    @property
    def place(self) -> str:
        """Where it is."""
        return place(self.source or Path(self.file).name, self.line) if self.source or self.file else ""


def place(source: str, line: int) -> str:
    """A file and a line in words."""
    if source == OVERRIDE:
        return tr("your overrides, line {line}", line=line) if line else tr("your overrides")
    if source == "application":
        return tr("RAVE GUI")
    return tr("{file}, line {line}", file=source, line=line) if line else source


def binding(data: Mapping[str, Any]) -> Binding:
    """From the engine's answer."""
    return Binding(
        str(data["name"]), str(data["value"]), str(data["resolved"]), str(data["source"]), str(data["file"]), int(data["line"]),
        tuple(data.get("overrode") or ()), data.get("used"),
    )  # fmt: skip


def finding(data: Mapping[str, Any]) -> Finding:
    """From the engine's answer."""
    return Finding(
        str(data.get("severity", "error")), str(data.get("code", "")), str(data.get("message", "")), str(data.get("hint") or ""),
        str(data.get("source") or ""), str(data.get("file") or ""), int(data.get("line") or 0), str(data.get("name") or ""),
    )  # fmt: skip


class ComposeModel:
    """``changed`` carries what did: stack, answer, shown."""

    changed = Signal(str)

    def __init__(self) -> None:
        self.configs: list[str] = ["v2"]
        self.overrides = ""
        self.augmentations: list[str] = []
        self.asking = False
        self.bindings: list[Binding] = []
        self.findings: list[Finding] = []
        self.facts: Mapping[str, Any] = {}
        self.search, self.show = "", "all"

    # What is composed

    @property
    def stack(self) -> Stack:
        """As the actions take it. Lines of the overrides that are empty or a comment do not count."""
        lines = [line.strip() for line in self.overrides.splitlines()]
        return Stack(
            tuple(self.configs),
            [line for line in lines if line and not line.startswith("#")],
            list(self.augmentations),
        )

    @property
    def fields(self) -> dict[str, Any]:
        """As fields of ``TrainParams``: for a template, or a new run."""
        stack = self.stack
        return {
            "configs": list(stack.configs),
            "overrides": list(stack.overrides),
            "augmentations": list(stack.augmentations),
        }

    @property
    def faults(self) -> list[stacks.StackFault]:
        """What is known against the stack without asking the engine."""
        return stacks.faults(self.configs)

    def set_stack(
        self, configs: Sequence[str], overrides: Sequence[str] = (), augmentations: Sequence[str] = ()
    ) -> None:
        """Compose something else."""
        self.configs, self.augmentations = list(configs), list(augmentations)
        self.overrides = "\n".join(overrides)
        self.changed.emit("stack")

    def add(self, name: str) -> bool:
        """Put a configuration on top; a model by itself takes the place of the one there is. False when it is there already."""
        if name in self.configs:
            return False
        if stacks.plain(name) in stacks.BASES:
            rest = [c for c in self.configs if stacks.plain(c) not in stacks.BASES]
            self.configs = [name, *rest]
        else:
            self.configs.append(name)
        self.changed.emit("stack")
        return True

    def remove(self, name: str) -> None:
        """Take one out."""
        self.configs = [c for c in self.configs if c != name]
        self.changed.emit("stack")

    def move(self, name: str, by: int) -> None:
        """Earlier (-1) or later (1): what comes later wins."""
        at = self.configs.index(name)
        self.configs.insert(max(0, min(len(self.configs) - 1, at + by)), self.configs.pop(at))
        self.changed.emit("stack")

    def set_overrides(self, text: str) -> None:
        """Lines such as ``CAPACITY = 16``."""
        if text != self.overrides:
            self.overrides = text
            self.changed.emit("stack")

    def set_augmentation(self, name: str, on: bool) -> None:
        """Change the examples while training, or not."""
        rest = [a for a in self.augmentations if a != name]
        self.augmentations = [*rest, name] if on else rest
        self.changed.emit("stack")

    # What the engine says

    def set_asking(self) -> None:
        """The engine was asked."""
        self.asking = True
        self.changed.emit("asking")

    def set_answer(self, preview: Mapping[str, Any], check: Mapping[str, Any]) -> None:
        """Every binding, and everything wrong."""
        self.asking = False
        self.bindings = [binding(self._in_text(data)) for data in preview.get("bindings", ())]
        self.findings = [finding(self._in_text(data)) for data in check.get("findings", ())]
        told = {(found.line, found.message) for found in self.findings}
        for text in preview.get("warnings", ()):
            if not any(text == message for _line, message in told):
                self.findings.append(Finding("warning", "warning", str(text)))
        self.facts = preview.get("facts") or check.get("facts") or {}
        self.changed.emit("answer")

    def _in_text(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The engine counts overrides without empty lines and comments; the user counts lines of the text."""
        places = [
            number
            for number, line in enumerate(self.overrides.splitlines(), 1)
            if line.strip() and not line.strip().startswith("#")
        ]

        def moved(thing: Mapping[str, Any]) -> dict[str, Any]:
            line = int(thing.get("line") or 0)
            inside = thing.get("source") == OVERRIDE or thing.get("file") == OVERRIDE
            return {**thing, "line": places[line - 1] if inside and 0 < line <= len(places) else line}

        found = moved(data)
        if data.get("overrode"):
            found["overrode"] = [moved(before) for before in data["overrode"]]
        return found

    def set_refusal(self, message: str, hint: str, code: str = "") -> None:
        """The engine cannot take the stack, or cannot be asked."""
        self.asking = False
        self.bindings, self.facts = [], {}
        self.findings = [Finding("error", code, message, hint)]
        self.changed.emit("answer")

    # What is shown

    def set_filter(self, search: str | None = None, show: str | None = None) -> None:
        """Narrow the bindings."""
        self.search = self.search if search is None else search
        self.show = self.show if show is None else show
        self.changed.emit("shown")

    @property
    def shown(self) -> list[Binding]:
        """Bindings that the filter lets through."""
        parts = self.search.casefold().split()
        return [
            row
            for row in self.bindings
            if {"all": True, "changed": row.changed, "unused": row.used is False}[self.show]
            and all(part in row.haystack for part in parts)
        ]


KEYWORDS = ("import", "from", "include", "as")


def suggest(
    before: str, vocabulary: Mapping[str, Any], names: Sequence[str], *, asked: bool = False
) -> tuple[int, list[str]]:
    """Completion in a gin file: ``before`` is the line up to the cursor.

    Where the word begins, and what it may become: configurables and, behind their dot, parameters; macros; after ``include`` files.
    """
    start = len(before)
    while start > 0 and (before[start - 1].isalnum() or before[start - 1] in "_.@%/"):
        start -= 1
    word = before[start:]
    line = before.lstrip()
    if line.startswith("#") or (not word and not asked):
        return start, []
    configurables: Mapping[str, Sequence[str]] = vocabulary.get("configurables", {})
    macros: Sequence[str] = vocabulary.get("macros", ())
    if line.startswith("include"):
        found = [f"configs/{name}.gin" for name in names]
    elif word.startswith("%"):
        found = [f"%{name}" for name in macros]
    elif word.startswith("@"):
        found = [f"@{name}" for name in configurables]
    elif "=" in line:
        found = [*(f"%{name}" for name in macros), "True", "False", "None"]
    else:
        owner, dot, _ = word.rpartition(".")
        known = next((n for n in configurables if n == owner or n.rpartition(".")[2] == owner), None)
        if dot and known is not None:
            found = [f"{owner}.{parameter}" for parameter in configurables[known]]
        else:
            found = [*configurables, *macros, *KEYWORDS]
    folded = word.casefold()
    begins = [w for w in found if w.casefold().startswith(folded) and w != word]
    inside = [
        w for w in found if len(folded) > 1 and folded in w.casefold() and w not in begins and w != word
    ]
    return start, [*begins, *inside][:12]


def check_stack(path: str, text: str, base: str) -> tuple[Stack, dict[str, str]]:
    """What is checked of an own file that is being written: on top of ``base`` (empty: it is a model by itself), with its unsaved text."""
    configs = (path,) if not base else (base, path)
    return Stack(configs), {path: text}
