"""What is asked of a running job: one JSON object a line in ``jobs/<id>/commands.jsonl``, acknowledged by id within 250 ms."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any, Literal

CommandName = Literal["stop", "cancel", "save", "pause", "resume", "phase2", "preview", "extend"]
"""stop: end early and keep everything; cancel: end now, drop what is unfinished; extend: go on to
``max_steps`` in ``args``; the rest as named."""


@dataclass(frozen=True)
class Command:
    """One request. ``id`` is unique; the working process answers with an ``Ack`` event carrying it."""

    name: CommandName
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    args: dict[str, Any] = field(default_factory=dict)
