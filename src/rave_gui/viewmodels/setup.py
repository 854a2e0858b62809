"""The form that starts a way: what was chosen, what is missing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from psygnal import Signal

from rave_gui.viewmodels.quickstart import Request


class PresetLike(Protocol):
    """What is read of ``configs.presets.Preset``."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def steps(self) -> int: ...


LENGTHS = {"try": 0.1, "standard": 1.0, "long": 5.0}
"""Lengths as shares of the preset's own number of steps."""


class SetupModel:
    """State of the form. ``missing`` names what keeps it from starting: checking, engine, sounds, project or nothing."""

    changed = Signal()

    def __init__(self, presets: Sequence[PresetLike], project: str = "") -> None:
        self.presets = presets
        self.sources: list[Path] = []
        self.unusable: list[Path] = []
        self.demo = False
        self.project = project
        self.preset = presets[0].name
        self.steps = presets[0].steps
        self.engine: bool | None = None
        self.last_folder = str(Path.home())

    @property
    def missing(self) -> str:
        """What must be there before the start, the most important first; empty when nothing is missing."""
        if not self.sources and not self.demo:
            return "sounds"
        if not self.project.strip() or self.project_problem:
            return "project"
        if self.engine is None:
            return "checking"
        return "" if self.engine else "engine"

    @property
    def project_problem(self) -> str:
        """Why the project folder cannot be used: relative or file; empty when nothing is known against it.

        Opening it tells for certain.
        """
        text = self.project.strip()
        if not text:
            return ""
        path = Path(text).expanduser()
        if not path.is_absolute():
            return "relative"
        if path.is_file():
            return "file"
        return ""

    @property
    def preset_description(self) -> str:
        """What the chosen preset is for."""
        return self._chosen().description

    @property
    def length(self) -> str:
        """The named length that equals the number of steps, or empty."""
        for key, share in LENGTHS.items():
            if self.steps == max(1, round(self._chosen().steps * share)):
                return key
        return ""

    def add(self, paths: Iterable[Path]) -> None:
        """Take files and folders in; what is not there is named in ``unusable``, doubles are taken once."""
        self.unusable = []
        for path in paths:
            absolute = Path(os.path.abspath(path))  # noqa: PTH100 - links stay links
            if not absolute.exists():
                self.unusable.append(absolute)
            elif absolute not in self.sources:
                self.sources.append(absolute)
                self.last_folder = str(absolute.parent)
        if self.sources:
            self.demo = False
        self.changed.emit()

    def remove(self, path: Path) -> None:
        """Take one out again (the file itself is not touched)."""
        if path in self.sources:
            self.sources.remove(path)
        self.changed.emit()

    def clear(self) -> None:
        """Nothing chosen."""
        self.sources, self.unusable, self.demo = [], [], False
        self.changed.emit()

    def use_demo(self) -> None:
        """The demo sounds instead of files."""
        self.sources, self.unusable, self.demo = [], [], True
        self.changed.emit()

    def set_project(self, text: str) -> None:
        """Another project folder."""
        self.project = text
        self.changed.emit()

    def set_preset(self, name: str) -> None:
        """Another preset, with its own number of steps."""
        if name != self.preset:
            self.preset = name
            self.steps = self._chosen().steps
            self.changed.emit()

    def set_length(self, key: str) -> None:
        """A named length of :data:`LENGTHS`."""
        self.set_steps(max(1, round(self._chosen().steps * LENGTHS[key])))

    def set_steps(self, steps: int) -> None:
        """An own number of steps."""
        if steps != self.steps:
            self.steps = steps
            self.changed.emit()

    def set_engine(self, ready: bool) -> None:
        """Whether the engine is there."""
        if ready != self.engine:
            self.engine = ready
            self.changed.emit()

    def request(self) -> Request | None:
        """What to do, or None while something is missing."""
        if self.missing:
            return None
        project = str(Path(self.project.strip()).expanduser())
        return Request(tuple(str(s) for s in self.sources), project, self.preset, self.steps)

    def _chosen(self) -> PresetLike:
        return next((p for p in self.presets if p.name == self.preset), self.presets[0])
