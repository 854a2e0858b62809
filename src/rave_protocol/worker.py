"""The warm worker's messages: requests with ids over a loopback socket, one JSON object a line each way.

The worker is one process per user with RAVE imported. It announces itself in an endpoint file (port, token, versions) and
leaves when idle. Methods: ``validate`` (compose a configuration), ``estimate`` (memory of both phases), ``render`` (a clip
through a checkpoint), ``run_job`` (fork a job process: POSIX only), ``ping``, ``shutdown``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rave_protocol import PROTOCOL_VERSION


@dataclass(frozen=True)
class Endpoint:
    """Contents of the endpoint file, readable by its owner only. Listens on 127.0.0.1."""

    port: int
    token: str
    pid: int
    engine: str
    """Path of the engine's interpreter: a worker of another environment is not used."""
    source: str = ""
    """Digest of our engine's source files: a worker started by an older version of us is not used."""
    protocol: int = PROTOCOL_VERSION


@dataclass(frozen=True)
class Request:
    """``method`` "cancel" with params {"id": …} ends a request under way."""

    id: str
    method: str
    token: str
    params: dict[str, Any] = field(default_factory=dict)
    protocol: int = PROTOCOL_VERSION


@dataclass(frozen=True)
class Reply:
    """Exactly one of ``result`` and ``error`` is set."""

    id: str
    result: dict[str, Any] | None = None
    error: ErrorInfo | None = None


@dataclass(frozen=True)
class ErrorInfo:
    """What went wrong, in the words of ``UserError``: code, message (what and why), hint (what to do)."""

    code: str
    message: str
    hint: str = ""
    details: str = ""
