"""The engine's environment seen from the rest of the application: where it is, what it holds, how to start it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from rave_gui.errors import UserError
from rave_gui.i18n import N_, tr
from rave_gui.paths import AppPaths
from rave_gui.runtime import probe
from rave_gui.runtime.environments import Environments
from rave_gui.runtime.machine import find_nvidia
from rave_gui.runtime.status import (
    EngineFacts,
    EngineStatus,
    Pointer,
    read_pointer,
    read_ready,
    write_pointer,
)
from rave_protocol.locks import OsLock

if TYPE_CHECKING:
    from rave_gui.runtime.installer import InstallPlan
    from rave_gui.runtime.plan import TorchChoice
    from rave_protocol import events

VARIABLE = "RAVE_GUI_ENGINE"
"""Names an environment or interpreter to use instead of the installed one (tests, clusters)."""

INSTALL_HINT = N_("Install it with: rave-gui engine install (or, in the window, Set up the engine).")


class EngineManager:
    """Finds, installs, checks, adopts and removes the engine's environment of one user."""

    def __init__(self, paths: AppPaths) -> None:
        self._paths = paths
        self._environments = Environments(paths.engines)

    # Questions ---------------------------------------------------------------------------------------------------

    def status(self) -> EngineStatus:
        """What is installed, from small files alone (an environment named by ``RAVE_GUI_ENGINE`` is asked, in about 0.1 s)."""
        named = os.environ.get(VARIABLE)
        if named:
            return self._status_of_variable(Path(named))
        pointer = read_pointer(self._paths.engines)
        if pointer is None:
            return EngineStatus(False, problem=tr("The engine is not installed yet."), hint=tr(INSTALL_HINT))
        if not Path(pointer.interpreter).is_file():
            return EngineStatus(
                False,
                path=pointer.path,
                source=pointer.source,
                problem=tr("The engine's environment is gone: {path}.", path=pointer.path),
                hint=tr(INSTALL_HINT),
            )
        if pointer.source == "adopted" and pointer.facts is not None:
            return _status(pointer, pointer.facts)
        ready = read_ready(Path(pointer.path))
        if ready is None:
            return EngineStatus(
                False,
                path=pointer.path,
                source=pointer.source,
                problem=tr("The engine's environment is not complete."),
                hint=tr(INSTALL_HINT),
            )
        status = replace(_status(pointer, ready.facts), build=ready.build, notices=ready.notices)
        if not self._environments.is_current(pointer.hash, ready.build):
            return replace(
                status,
                notices=[
                    *status.notices,
                    "This engine was built for another version of RAVE GUI: run rave-gui engine install to bring it up to date.",
                ],
            )
        return status

    def python(self) -> Path:
        """The engine's interpreter. Raises :class:`UserError` (code ``engine-missing``) when there is none that works."""
        status = self.status()
        if not status.ready or status.interpreter is None:
            raise UserError(
                status.problem or "The engine is not installed yet.",
                status.hint or tr(INSTALL_HINT),
                code="engine-missing",
            )
        return Path(status.interpreter)

    def boot_command(self, *args: str) -> list[str]:
        """The argument vector that starts our engine code: ``job FOLDER``, ``worker FILE``, ``check``, ``list-configs``.

        Run it with :meth:`environment`. Raises as :meth:`python` does.
        """
        return [str(self.python()), str(probe.boot_script()), *args]

    def environment(self) -> dict[str, str]:
        """All variables of an engine process."""
        named = os.environ.get(VARIABLE)
        if named:
            return probe.engine_environment(_foreign_by_variable(probe.interpreter_in(Path(named))))
        pointer = read_pointer(self._paths.engines)
        if pointer is None or pointer.source == "managed":
            return probe.engine_environment()
        return probe.engine_environment(self._foreign(Path(pointer.interpreter)))

    def _foreign(self, interpreter: Path) -> probe.Foreign:
        return probe.Foreign(self._paths.cache / "adopted", interpreter)

    # Changes -----------------------------------------------------------------------------------------------------

    def plan(self, torch: TorchChoice = "auto") -> InstallPlan:
        """What :meth:`install` would do, and what it would have to say first. Changes nothing."""
        from rave_gui.runtime import installer  # late: a start of the application needs no installer

        return installer.make_plan(self._environments, torch)

    def install(
        self,
        torch: TorchChoice = "auto",
        on_event: Callable[[events.Event], None] | None = None,
        cancel: Callable[[], bool] | None = None,
    ) -> EngineStatus:
        """Build the environment, check it, and switch to it; the old one is kept until nobody runs in it.

        ``on_event`` gets ``Progress`` (bytes), ``Log`` and ``Warned`` events. Raises :class:`UserError` for all a person can
        change, :class:`~rave_gui.runtime.processes.Cancelled` when ``cancel()`` turned true; in both cases the engine that
        was there before is still there.
        """
        from rave_gui.runtime import installer

        tell = on_event or _ignore
        with self._exclusive():
            pointer = installer.install(
                self._environments,
                installer.make_plan(self._environments, torch),
                tell,
                cancel,
            )
            write_pointer(self._paths.engines, pointer)
            self._environments.collect(keep=Path(pointer.path))
        return self.status()

    def adopt(self, path: Path) -> EngineStatus:
        """Use an environment of the user's: its folder (venv or conda) or its Python. Nothing is written into it.

        Raises :class:`UserError` when it is missing, is the wrong Python or RAVE, or cannot take a training step.
        """
        with self._exclusive():
            pointer = self._examine(path)
            write_pointer(self._paths.engines, pointer)
        return self.status()

    def remove(self) -> EngineStatus:
        """Delete our environments and forget an adopted one (which is left as it is).

        Raises :class:`UserError` (code ``engine-busy``) while a process runs in one of ours.
        """
        with self._exclusive():
            busy = self._environments.users()
            if busy:
                raise UserError(
                    tr("The engine is in use by process {busy}.", busy=busy[0]),
                    tr("Wait for the running jobs to end, or cancel them, then remove it."),
                    code="engine-busy",
                )
            self._environments.forget()
            self._environments.collect(keep=None)
        return self.status()

    def check(self, cancel: Callable[[], bool] | None = None) -> EngineFacts:
        """Run the engine's own check now (seconds). Raises :class:`UserError` when it fails."""
        return probe.check_engine(self.python(), self.environment(), cancel)

    # Behind the scenes -------------------------------------------------------------------------------------------

    def _exclusive(self) -> OsLock:
        lock = OsLock(self._paths.engines / "install.lock")
        try:
            taken = lock.acquire(timeout=0.5)
        except OSError as error:
            raise UserError(
                tr("RAVE GUI cannot write to {engines}.", engines=self._paths.engines),
                tr("Change the folder's permissions, or set RAVE_GUI_HOME to a folder you can write to."),
                str(error),
                code="not-writable",
            ) from None
        if not taken:
            raise UserError(
                tr("Another engine installation is running."),
                tr("Wait for it to end: rave-gui jobs list shows it."),
                code="engine-busy",
            )
        return lock

    def _examine(self, path: Path) -> Pointer:
        python = probe.interpreter_in(path)
        environment = probe.engine_environment(self._foreign(python))
        found = probe.interrogate(python, environment)
        probe.refuse_unfit(found)
        facts = probe.check_engine(python, environment)
        return Pointer("adopted", found.prefix, str(python), facts=facts)

    def _status_of_variable(self, path: Path) -> EngineStatus:
        """What the user named is trusted to work: it is asked for its versions, and no training step is taken."""
        try:
            python = probe.interpreter_in(path)
            found = probe.interrogate(python, self.environment())
            probe.refuse_unfit(found)
        except UserError as error:
            return EngineStatus(
                False,
                path=str(path),
                source="variable",
                problem=error.message,
                hint=tr("{hint} It is named by the variable {variable}.", hint=error.hint, variable=VARIABLE),
            )
        torch = found.versions.get("torch") or ""
        nvidia = None if "+cpu" in torch else find_nvidia()
        facts = EngineFacts(
            python=found.python,
            rave=found.versions.get("acids-rave") or "",
            torch=torch,
            torchaudio=found.versions.get("torchaudio") or "",
            device="cuda" if nvidia else "cpu",
            devices=["cpu", *(f"cuda:{i} {n}" for i, n in enumerate(nvidia.cards if nvidia else []))],
        )
        return replace(_status(Pointer("adopted", found.prefix, str(python)), facts), source="variable")


def _foreign_by_variable(interpreter: Path) -> probe.Foreign | None:
    """An environment named by the variable; None when we built it. Its compiled files do not go below ``RAVE_GUI_HOME``, which tests
    make anew all the time."""
    if read_ready(interpreter.parent.parent) is not None:
        return None
    cache = Path(platformdirs.user_cache_dir("rave-gui", appauthor=False))
    return probe.Foreign(cache / "engine-variable", interpreter)


def _status(pointer: Pointer, facts: EngineFacts) -> EngineStatus:
    return EngineStatus(
        ready=True,
        path=pointer.path,
        interpreter=pointer.interpreter,
        python=facts.python,
        rave=facts.rave,
        torch=facts.torch,
        torchaudio=facts.torchaudio,
        device=facts.device,
        devices=facts.devices,
        source=pointer.source,
        hash=pointer.hash or None,
    )


def _ignore(_event: events.Event) -> None:
    return None
