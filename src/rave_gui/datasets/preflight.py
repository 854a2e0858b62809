"""What a dataset would become, worked out from headers before a second is spent on making it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from rave_protocol.codec import encode

MINIMUM_CHUNKS = 51
"""Fewer chunks than this leave RAVE's 2 % for validation too short for the analysis of its latents at v2's size
(128 latents, 64 frames a chunk: two chunks of validation)."""
USUAL_SECONDS = 3 * 3600.0
"""Length of material that RAVE's authors and users recommend at least."""


@dataclass(frozen=True)
class Loss:
    """Seconds of one file that will be in no chunk, and why. Codes: ``tail``, ``short``, ``silence``, ``duplicate``, ``unreadable``."""

    path: str
    seconds: float
    code: str
    reason: str


@dataclass(frozen=True)
class Remark:
    """Something to know before the start. ``error`` means that nothing can come of it."""

    code: str
    severity: Literal["error", "warning", "info"]
    message: str
    hint: str = ""
    keys: tuple[str, ...] = ()
    """Parameters it is about."""


@dataclass(frozen=True)
class Preflight:
    """The forecast of a dataset."""

    files: int
    """Files that will be read."""
    problems: list[dict[str, str]]
    """Files that cannot be used: path, code, reason."""
    seconds: float
    """Length of all files that can be read."""
    seconds_usable: float
    """Of these, what will lie in chunks."""
    losses: list[Loss]
    chunks: int
    """Chunks that will be written; for a lazy dataset, examples that RAVE will see."""
    exact: bool
    """Whether these figures are what will come out, to the chunk. False where a header only estimates its length, or
    where silence is to be cut and nobody has listened yet."""
    disk_needed: int
    """Bytes."""
    disk_free: int
    duplicates: list[list[str]]
    """Groups of files with equal content, the one that counts first. Looked for when the parameters ask for it."""
    remarks: list[Remark]
    name: str = ""
    """A free name to offer for the dataset."""
    cancelled: bool = False
    warnings: list[dict[str, str]] = field(default_factory=list)
    """Files that can be used in part: path, code, reason."""

    @property
    def seconds_lost(self) -> float:
        """Seconds that will be in no chunk."""
        return sum(loss.seconds for loss in self.losses)

    @property
    def possible(self) -> bool:
        """Whether no remark is an error."""
        return all(remark.severity != "error" for remark in self.remarks)

    def to_json(self) -> dict[str, Any]:
        """For ``--json``."""
        data: dict[str, Any] = encode(self)
        return {**data, "seconds_lost": self.seconds_lost, "possible": self.possible}
