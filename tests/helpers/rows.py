"""A job as lists show it, without a folder behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Job:
    """The fields that view-models read; the defaults say nothing."""

    kind: str
    state: str
    id: str = "1"
    title: str = ""
    reason: str = ""
    project: Path | None = None
    folder: Path = Path()
    created: float = 0.0
    started: float | None = None
    ended: float | None = None
    progress: dict[str, Any] | None = None
    error: dict[str, str] | None = None
    result: dict[str, Any] | None = None
    params: dict[str, Any] = field(default_factory=dict)
    not_before: float | None = None
