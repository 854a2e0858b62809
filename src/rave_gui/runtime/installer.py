"""Building the engine's environment, step by step; what is half-made never becomes the one in use."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rave_gui import __version__
from rave_gui.errors import UserError
from rave_gui.i18n import tr
from rave_gui.runtime import probe, torch_index
from rave_gui.runtime.environments import COMMON, LOCKS, PYTHON_VERSION, SOURCE_ONLY, TORCH, Environments
from rave_gui.runtime.growth import Growth, folder_bytes
from rave_gui.runtime.machine import free_space, this_machine
from rave_gui.runtime.plan import TorchChoice, TorchPlan, TorchSource, plan_torch
from rave_gui.runtime.processes import Cancelled, end_tree
from rave_gui.runtime.sources import PackageSources, find_sources
from rave_gui.runtime.status import READY, Pointer, Ready, read_ready
from rave_gui.runtime.uv_tool import Outcome, UvTool
from rave_protocol import events
from rave_protocol.files import write_json

SPARE_BYTES = 300_000_000
"""Left free after the installation."""

Tell = Callable[[events.Event], None]


@dataclass(frozen=True)
class InstallPlan:
    """What will be done, decided before anything is fetched."""

    torch: TorchPlan
    sources: PackageSources
    needed: int
    """Bytes on disk, of the largest way that may be taken first."""
    free: int

    @property
    def build(self) -> str:
        """The torch build that is wanted: ``cpu``, ``cuda`` or ``mps``."""
        return self.torch.sources[0].build


def make_plan(environments: Environments, choice: TorchChoice) -> InstallPlan:
    """Look at the machine and decide. Raises :class:`UserError` where the engine cannot be installed at all."""
    torch = plan_torch(this_machine(), choice)
    return InstallPlan(torch, find_sources(), torch.sources[0].size, free_space(environments.root))


def install(
    environments: Environments,
    plan: InstallPlan,
    tell: Tell,
    cancel: Callable[[], bool] | None,
) -> Pointer:
    """Carry the plan out; the pointer to the finished environment, which the caller switches to.

    Raises :class:`UserError` or :class:`Cancelled`, both with the half-made folder cleared away; uv's cache keeps what was
    downloaded, so trying again goes on from there.
    """
    return _Installation(environments, plan, tell, cancel).run()


class _Installation:
    def __init__(
        self,
        environments: Environments,
        plan: InstallPlan,
        tell: Tell,
        cancel: Callable[[], bool] | None,
    ) -> None:
        self.environments = environments
        self.plan = plan
        self.tell = tell
        self.cancel = cancel
        self.began = time.monotonic()
        self.uv = UvTool(plan.sources, cancel, on_line=self.log)
        self.notices = list(plan.torch.notices)
        self.growth: Growth | None = None
        self.phase = ""
        self.building = 0.0

    def log(self, text: str) -> None:
        self.tell(events.Log(text))

    def run(self) -> Pointer:
        for line in self.plan.sources.describe():
            self.log(f"Using {line}")
        for notice in self.notices:
            self.warn(notice)
        self.check_space(self.plan.needed)
        python = self.get_python()
        source = self.choose_torch(python)
        key = self.environments.key(source.build, TORCH[source.lock])
        folder = self.environments.folder(key)
        kept = self.reuse(folder, key)
        if kept is not None:
            return kept
        self.check_space(source.size)
        if folder.exists():
            self.clear(folder)
        try:
            return self.build(python, source, folder, key)
        except BaseException:
            # Whatever ended it, a kill aside: no half-made environment stays (and without ready.json none is ever used).
            self.environments.delete(folder)
            raise

    # Steps -------------------------------------------------------------------------------------------------------

    def check_space(self, needed: int) -> None:
        free = free_space(self.environments.root)
        if free < needed + SPARE_BYTES:
            raise UserError(
                tr(
                    "The engine needs {gb} of disk space, and {gb2} are free at {root}.",
                    gb=_gb(needed + SPARE_BYTES),
                    gb2=_gb(free),
                    root=self.environments.root,
                ),
                tr("Free some space, or set RAVE_GUI_HOME to a folder on a larger disk."),
                code="disk-full",
            )

    def get_python(self) -> Path:
        self.step("python", f"Looking for Python {PYTHON_VERSION}")
        found = self.uv.find_python(PYTHON_VERSION)
        if found is None:
            self.log(f"There is no Python {PYTHON_VERSION} on this machine: downloading one (about 30 MB).")
            done = self.uv.run("python", "install", "--no-config", PYTHON_VERSION)
            found = self.uv.find_python(PYTHON_VERSION)
            if found is None:
                raise UserError(
                    tr(
                        "The engine needs Python {python_version}; there is none on this machine and it could not be "
                        "downloaded.",
                        python_version=PYTHON_VERSION,
                    ),
                    tr(
                        "Install Python {python_version} yourself (python.org, apt install python3.11, brew install "
                        "python@3.11), then try again; or allow uv's downloads in the network's firewall "
                        "(UV_PYTHON_INSTALL_MIRROR names a mirror).",
                        python_version=PYTHON_VERSION,
                    ),
                    done.text,
                    code="python-missing",
                )
        self.log(f"Python {PYTHON_VERSION}: {found}")
        return found

    def choose_torch(self, python: Path) -> TorchSource:
        """The first way to get torch that can really be had."""
        self.step("sources", "Looking where PyTorch can be had")
        failures: list[Outcome] = []
        for source in self.plan.torch.sources:
            outcome = self.try_source(python, source)
            if outcome is None:
                self.log(f"PyTorch: the {source.build} build from {source.origin}")
                if source.notice:
                    self.notices.append(source.notice)
                    self.warn(source.notice)
                return source
            failures.append(outcome)
        details = "\n\n".join(failure.text for failure in failures)
        if self.plan.torch.refusal is not None:
            refusal = self.plan.torch.refusal
            raise UserError(refusal.message, refusal.hint, details, refusal.code)
        raise _failure("PyTorch", failures[-1], details)

    def try_source(self, python: Path, source: TorchSource) -> Outcome | None:
        """None when it can be had, else how uv failed."""
        lock = LOCKS / TORCH[source.lock]
        if source.pytorch_index and not torch_index.reachable(source.pytorch_index):
            return Outcome(
                1, [], [f"failed to fetch {torch_index.address(source.pytorch_index)}: it cannot be reached"]
            )
        if source.lock == "windows-cuda":
            if source.pytorch_index is None:
                return Outcome(1, [], ["skipped: no hash is known for this build outside PyTorch's index"])
            return (
                None if torch_index.wheel_hash(source.pytorch_index, lock) else Outcome(1, [], ["not listed"])
            )
        outcome = self.uv.can_get(python, lock, torch_index.arguments(source.pytorch_index))
        return None if outcome.code == 0 else outcome

    def reuse(self, folder: Path, key: str) -> Pointer | None:
        """The environment that is already there, when it is complete and still works."""
        ready = read_ready(folder)
        if ready is None:
            return None
        self.step("check", "It is installed already: checking it")
        interpreter = probe.interpreter_in(folder)
        try:
            facts = probe.check_engine(interpreter, probe.engine_environment(), self.cancel)
        except UserError as error:
            self.warn(f"The installed engine no longer works and is built anew. {error.message}")
            return None
        write_json(folder / READY, Ready(**{**vars(ready), "facts": facts}))
        return Pointer("managed", str(folder), str(interpreter), key)

    def clear(self, folder: Path) -> None:
        """Delete what a killed installation left, and first the uv that may still be writing it. We hold the lock: it is nobody's."""
        for pid in self.environments.installers(folder):
            end_tree(pid)
        if self.environments.users(folder) or not self.environments.delete(folder):
            raise UserError(
                tr("The engine's environment is in use and cannot be replaced."),
                tr("Wait for the running jobs to end, or cancel them, then try again."),
                str(folder),
                code="engine-busy",
            )

    def build(self, python: Path, source: TorchSource, folder: Path, key: str) -> Pointer:
        self.building = time.monotonic()
        self.growth = Growth(folder, self.uv.cache_folder(), source.size)
        self.uv.on_tick = self.report
        self.step("environment", "Making the environment")
        done = self.uv.run("venv", "--no-project", "--no-config", "--python", str(python), str(folder))
        if done.code != 0:
            raise _failure("the environment", done, done.text)
        interpreter = probe.interpreter_in(folder)
        self.step("packages", "Downloading and installing RAVE and its libraries")
        self.pip(interpreter, LOCKS / COMMON, ["--only-binary", ":all:"], "RAVE's libraries")
        self.pip(interpreter, LOCKS / SOURCE_ONLY, ["--no-build-isolation"], "RAVE's libraries")
        self.step("torch", "Downloading and installing PyTorch")
        lock = LOCKS / TORCH[source.lock]
        extra = torch_index.arguments(source.pytorch_index)
        if source.lock == "windows-cuda" and source.pytorch_index is not None:
            lock = torch_index.pinned_copy(source.pytorch_index, lock, folder / "torch.txt")
        self.pip(interpreter, lock, [*extra, "--compile-bytecode"], "PyTorch")
        self.step("check", "Checking: one tiny training step")
        self.uv.on_tick = None
        facts = probe.check_engine(interpreter, probe.engine_environment(), self.cancel)
        self.refuse_other_build(facts.torch, source)
        ready = Ready(
            facts=facts,
            hash=key,
            build=source.build,
            origin=source.origin,
            notices=self.notices,
            app=__version__,
            seconds=round(time.monotonic() - self.began, 1),
            size=folder_bytes(folder),
        )
        write_json(folder / READY, ready)
        self.tell(events.Progress(ready.size, ready.size, "bytes", 0.0, "done", "The engine is ready"))
        for notice in self.notices:  # said before; said again now that it is done
            self.warn(notice)
        return Pointer("managed", str(folder), str(interpreter), key)

    def pip(self, interpreter: Path, lock: Path, extra: list[str], what: str) -> None:
        done = self.uv.run(*self.uv.install_arguments(interpreter, lock, extra))
        if done.code != 0:
            raise _failure(what, done, done.text)

    def refuse_other_build(self, torch: str, source: TorchSource) -> None:
        """What came must be what was chosen: the accelerator never changes unsaid."""
        if (source.lock == "cpu" and "+cpu" not in torch) or (
            source.lock == "windows-cuda" and "+cu" not in torch
        ):
            raise UserError(
                tr(
                    "The wrong build of PyTorch arrived: {torch} instead of the {build} build.",
                    torch=torch,
                    build=source.build,
                ),
                tr("Try again; if it happens again, show the log to somebody who can help."),
                code="wrong-build",
            )

    # Saying ------------------------------------------------------------------------------------------------------

    def warn(self, text: str) -> None:
        self.tell(events.Warned("torch-build", text))

    def step(self, phase: str, message: str) -> None:
        if self.cancel is not None and self.cancel():
            raise Cancelled
        self.phase = phase
        self.log(message)
        self.report(message)

    def report(self, message: str = "") -> None:
        done, total = (self.growth.bytes(), self.growth.total) if self.growth else (0, self.plan.needed)
        rate = eta = None
        seconds = time.monotonic() - self.building
        if self.phase in ("packages", "torch") and done > total / 50 and seconds > 0:
            rate = done / seconds
            eta = (total - done) / rate
        self.tell(events.Progress(done, total, "bytes", eta, self.phase, message, rate))


def _failure(what: str, outcome: Outcome, details: str) -> UserError:
    text = details.lower()
    if "no space left" in text or "disk full" in text or "not enough space" in text:
        return UserError(
            tr("The disk became full while installing {what}.", what=what),
            tr("Free some space, then try again: what was downloaded is kept."),
            details,
            code="disk-full",
        )
    if "hash mismatch" in text:
        return UserError(
            tr(
                "A package of {what} is not the one RAVE GUI was made with (its hash differs), so it was not "
                "installed.",
                what=what,
            ),
            tr(
                "A mirror may serve changed files: try another package index, or show the details to who runs "
                "it."
            ),
            details,
            code="hash-mismatch",
        )
    if outcome.offline:
        return UserError(
            tr("The package index for {what} cannot be reached.", what=what),
            tr(
                "Check the network (proxy, firewall), then try again: what was downloaded is kept. A mirror can "
                "be named with PIP_INDEX_URL, a folder of packages with PIP_FIND_LINKS."
            ),
            details,
            code="offline",
        )
    return UserError(
        tr("Installing {what} failed.", what=what),
        tr("Try again; if it fails again, show the details to somebody who can help."),
        details,
        code="install-failed",
    )


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
