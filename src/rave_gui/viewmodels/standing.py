"""How a training stands, for whoever asks without a window: the same judgement and the same remaining times as in the view of a run."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rave_gui.training import gauges
from rave_gui.viewmodels.run import History, RunModel, Update
from rave_gui.viewmodels.runhealth import ask, judge
from rave_gui.viewmodels.runwatch import watch

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.projects import Project
    from rave_gui.training.health import Health
    from rave_protocol.events import Stamped


class _Once:
    """Ends the watch when everything so far was told."""

    def __init__(self) -> None:
        self.requested = False

    def wait(self, seconds: float) -> bool:
        """There is nothing to wait for."""
        del seconds
        return self.requested


class Standing:
    """A run as it is now (name and folder); :meth:`take` moves it on with what its job tells."""

    def __init__(self, services: Services, project: Project, run: tuple[str, Path]) -> None:
        self.model = RunModel(*run)
        self._levels: dict[Path, float] = {}
        self._newest = 0.0
        found: list[Update] = []
        once = _Once()

        def keep(update: Update) -> None:
            found.append(update)
            once.requested = once.requested or isinstance(update, History)

        watch(services, project, run, once, keep)
        self.model.apply(found)
        self._newest = max((item.time for item in found if hasattr(item, "time")), default=0.0)

    def take(self, stamped: Stamped) -> None:
        """One more event of the job; what was known already changes nothing."""
        if stamped.time > self._newest:
            self._newest = stamped.time
            self.model.apply([stamped])

    def health(self) -> Health:
        """How it is going (asks the graphics card; reads the newest preview)."""
        cards = gauges.cards() if self.model.active else gauges.Cards()
        try:
            free: int | None = shutil.disk_usage(self.model.path).free
        except OSError:
            free = None
        question = ask(self.model, None)
        facts = replace(
            question.facts,
            disk_free=free,
            temperature=cards.temperature,
            memory_share=cards.memory_share,
            ram_share=gauges.ram_share() if self.model.active else None,
        )
        return judge(replace(question, facts=facts), self._levels)

    def to_json(self) -> dict[str, Any]:
        """``health`` (alerts only while somebody is at work on it), ``eta`` in seconds, total, epoch (from 1), phase, rate in steps a second."""
        model, health = self.model, self.health()
        phase, whole = model.etas()
        return {
            "health": {
                "headline": health.headline,
                "sentences": health.sentences,
                "alerts": [vars(alert) for alert in health.alerts] if model.active else [],
            },
            "eta": {"phase": phase, "run": whole},
            "total": model.total or None,
            "epoch": model.epoch,
            "phase": model.phase or None,
            "rate": model.job.rate if model.state == "running" else None,
        }
