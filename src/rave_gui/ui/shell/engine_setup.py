"""Sets the engine up for the window: starts the job, follows one that runs already, keeps RAVE warm afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from rave_gui.errors import UserError
from rave_gui.ui.i18n import tr

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.ui.shell.session import Session


class EngineSetup(QObject):
    """One a window."""

    def __init__(self, session: Session, warm: bool) -> None:
        """``warm``: start the warm worker when there is an engine, so that a training begins at once."""
        super().__init__(session)
        self._session, self._warm = session, warm

    def begin(self) -> None:
        """The services are there: follow a set-up that runs already, and warm the engine up."""
        services = self._session.services
        assert services is not None
        self._session.bridge.call(lambda: _running(services), self.follow)
        self.warm_up()

    def install(self) -> None:
        """Set the engine up, as a job; nothing when that is being done."""
        services, engine = self._session.services, self._session.engine
        if services is None or engine.installing:
            return
        from rave_protocol.specs import EngineInstallParams

        build: Any = services.settings.text("torch_build")
        params = EngineInstallParams(build)
        engine.begin_install()
        self._session.bridge.call(
            lambda: services.jobs.submit(
                "engine-install", params, project=None, title=tr("Set up the engine")
            ),
            self.follow,
            self._failed,
        )

    def follow(self, view: Any) -> None:
        """Show how a set-up goes (None: there is none)."""
        services, engine = self._session.services, self._session.engine
        if view is None or services is None:
            return
        from rave_gui.jobs.watch import Watch

        if not engine.installing:
            engine.begin_install()
        engine.install_job = view.id

        def read(stop: Any, emit: Any) -> tuple[Any, Any]:
            ended = Watch(services.jobs, view.id).wait(emit, lambda: stop.requested)
            return ended, services.engine.status()

        def done(found: tuple[Any, Any]) -> None:
            ended, status = found
            engine.end_install(ended.state, ended.error, ended.reason)
            engine.set_status(status)
            if status.ready:
                self._session.tell(tr("The engine is ready."))
                self.warm_up()

        self._session.bridge.stream(read, engine.apply, done, self._failed)

    def cancel(self) -> None:
        """Stop the set-up; what was there before stays."""
        services, engine = self._session.services, self._session.engine
        job = engine.install_job
        if services is not None and job and engine.installing:
            self._session.bridge.call(lambda: services.jobs.cancel(job), None, self._failed)

    def warm_up(self) -> None:
        """Have RAVE imported before it is needed. Nobody waits for it, and without it jobs only start slower."""
        services = self._session.services
        if not self._warm or services is None or not self._session.engine.ready:
            return
        from rave_gui.runtime.worker_client import WarmWorker

        worker = WarmWorker(services.engine, services.paths)
        self._session.bridge.aside(worker.start, _not_warm)

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, UserError):
            raise error
        self._session.engine.end_install("failed", error.to_json())


def _not_warm(error: Exception) -> None:
    if not isinstance(error, (UserError, OSError)):
        raise error


def _running(services: Services) -> Any:
    """An engine set-up that runs already (begun by another window, or before this one was closed)."""
    views = [v for v in services.jobs.list() if v.kind == "engine-install" and not v.final]
    return views[-1] if views else None
