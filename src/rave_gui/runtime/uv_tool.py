"""uv, which builds the engine's environment: where it is and how it is run."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.runtime.probe import engine_environment
from rave_gui.runtime.processes import Line, run_process
from rave_gui.runtime.sources import PackageSources


@dataclass(frozen=True)
class Outcome:
    """How one run of uv ended."""

    code: int
    out: list[str]
    err: list[str]

    @property
    def text(self) -> str:
        """The end of what it said, for a bug report."""
        return "\n".join([*self.err, *self.out][-40:])

    @property
    def offline(self) -> bool:
        """Whether it failed because an address could not be reached (and not because a package is not there)."""
        said = self.text.lower()
        return any(word in said for word in _OFFLINE)


_OFFLINE = (
    "failed to fetch",
    "error sending request",
    "dns error",
    "connection refused",
    "timed out",
    "network connectivity is disabled",
    "failed to download",
)


def find_uv() -> Path:
    """The uv binary that came with the application, else one on PATH. Raises :class:`UserError` without either."""
    if getattr(sys, "frozen", False):
        beside = Path(sys.executable).parent / ("uv.exe" if os.name == "nt" else "uv")
        bundled = Path(getattr(sys, "_MEIPASS", beside.parent)) / beside.name
        for candidate in (beside, bundled):
            if candidate.is_file():
                return candidate
    try:
        import uv  # a frozen application has its binary, not its package

        return Path(uv.find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
        if found:
            return Path(found)
    raise UserError(
        tr("uv, the tool that installs the engine's packages, is missing."),
        tr("Reinstall RAVE GUI, or install uv and put it on PATH."),
        code="no-uv",
    )


@dataclass
class UvTool:
    """Runs uv with the user's package sources."""

    sources: PackageSources
    cancel: Callable[[], bool] | None = None
    on_line: Callable[[str], None] | None = None
    on_tick: Callable[[], None] | None = None
    binary: Path = field(default_factory=find_uv)

    def run(self, *args: str, variables: dict[str, str] | None = None, quiet: bool = False) -> Outcome:
        """Run ``uv args…`` to its end. Raises :class:`~rave_gui.runtime.processes.Cancelled`; a failure is in the outcome."""
        out: list[str] = []
        err: list[str] = []

        def take(line: Line) -> None:
            (out if line.stream == "out" else err).append(line.text)
            if self.on_line is not None and not quiet and line.text.strip():
                self.on_line(line.text)

        environment = engine_environment()
        environment.pop("CONDA_PREFIX", None)
        environment.update(self.sources.variables())
        environment.update(variables or {})
        # Progress bars are for screens; uv prints the start and the end of each step without them.
        environment.update(UV_NO_PROGRESS="1", NO_COLOR="1")
        code = run_process(
            [str(self.binary), *args],
            environment,
            on_line=take,
            on_tick=self.on_tick,
            cancel=self.cancel,
        )
        return Outcome(code, out, err)

    def find_python(self, version: str) -> Path | None:
        """An interpreter of that version on this machine (uv's own included), or None. Downloads nothing."""
        done = self.run(
            "python",
            "find",
            "--system",
            "--no-project",
            "--no-config",
            "--no-python-downloads",
            version,
            quiet=True,
        )
        lines = [line for line in done.out if line.strip()]
        return Path(lines[-1].strip()) if done.code == 0 and lines else None

    def cache_folder(self) -> Path | None:
        """uv's cache, where downloads arrive before they are linked into the environment."""
        done = self.run("cache", "dir", quiet=True)
        return Path(done.out[-1].strip()) if done.code == 0 and done.out else None

    def can_get(self, python: Path, lock: Path, extra: list[str]) -> Outcome:
        """Whether everything in a lock file is to be had from the sources; only metadata is fetched, nothing is installed."""
        with tempfile.TemporaryDirectory(prefix="rave-gui-") as nowhere:
            return self.run(
                *self.install_arguments(python, lock, extra),
                "--dry-run",
                "--target",
                nowhere,
                variables={"UV_HTTP_RETRIES": os.environ.get("UV_HTTP_RETRIES", "1")},
                quiet=True,
            )

    def install_arguments(self, python: Path, lock: Path, extra: list[str]) -> list[str]:
        """``pip install`` with a lock file, hashes required, nothing resolved beyond what is written in it."""
        return [
            *("pip", "install", "--no-config", "--no-deps", "--require-hashes", "--python", str(python)),
            *self.sources.arguments(),
            *extra,
            *("-r", str(lock)),
        ]
