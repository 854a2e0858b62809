"""Going on with a run: with which settings it was trained, which are to differ, and what that means. Called in threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rave_gui.training import parameters

if TYPE_CHECKING:
    from rave_gui.bootstrap import Services
    from rave_gui.projects import Project


@dataclass(frozen=True)
class Past:
    """Values of every parameter that trained a run; None for one from elsewhere."""

    values: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Plan:
    """What going on from a checkpoint means (see ``training.actions.ResumePlan``)."""

    step: int | None
    lost: int
    exact: bool
    reasons: tuple[str, ...] = ()
    changes: tuple[Mapping[str, Any], ...] = ()


def past(services: Services, project: Project, run: str) -> Past:
    """With which settings a run was trained. Raises :class:`UserError` (``run-missing``)."""
    from rave_gui.training import actions

    fields = actions.settings(services, project, run)
    return Past(parameters.from_fields(fields) if "max_steps" in fields else None)


def changed_fields(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of ``TrainParams`` for those of the ``given`` values that differ from ``before``."""
    other = {key: value for key, value in given.items() if value != before[key]}
    if not other:
        return {}
    fields = parameters.to_fields({**before, **other})
    by_key = {item.key: item for item in parameters.PARAMETERS}
    names = {"overrides" if by_key[key].binding else key for key in other}
    return {name: fields[name] for name in names}


def plan(
    services: Services, project: Project, run: str, checkpoint: str | None, changes: Mapping[str, Any]
) -> Plan:
    """What it would mean. Raises :class:`UserError`: run-missing, checkpoint-missing."""
    from rave_gui.training import actions

    found = actions.plan_resume(services, project, run, checkpoint=checkpoint, changes=dict(changes))
    return Plan(found.step, found.lost, found.exact, (*found.notes, *found.reasons), tuple(found.changes))
